#!/usr/bin/env bash
# Installs what igneous, its sample images and its tests need on Debian 12 or 13, says what and why, and does nothing
# when all is there. Every Debian package and its reason: scripts/packages.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

step="set-up"
fail() { printf '\nset-up failed at: %s\n  next: %s\n' "$step" "$1" >&2; exit 1; }
say() { printf '%s\n' "$*" >&2; }

root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -- "$@"
  else fail "become root, or install sudo, and run this again"
  fi
}

has_candidate() {
  case "$(apt-cache policy "$1" | sed -n 's/^ *Candidate: //p')" in '' | '(none)') return 1 ;; esac
}

# from_release PACKAGE/RELEASE LOG: a package that this release of Debian has no more, from another one of the same mirror.
# The machine's own sources stay as they are.
from_release() {
  local package=${1%/*} release=${1#*/} log=$2 folder mirror options
  folder=$(mktemp -d)
  chmod 755 "$folder"
  mkdir -p "$folder/lists/partial"
  # shellcheck disable=SC2016 # apt-get fills it in
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/*$')
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main" >"$folder/sources.list"
  options=(-o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$folder/lists")
  (cd "$folder" && root apt-get "${options[@]}" update && root apt-get "${options[@]}" download "$package" &&
    root apt-get install -y --no-install-recommends ./*.deb) >"$log" 2>&1 || { tail -n 15 "$log" >&2; fail "install $package as Debian's release '$release' has it, then run this again"; }
  root rm -rf "$folder"
}

step="Node.js"
command -v node >/dev/null || fail "install Node.js 20.19 or newer"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "install Node.js 20.19 or newer (this is $(node --version))"

step="Debian packages"
missing=()
while read -r package why; do
  case "$package" in '' | '#'*) continue ;; esac
  [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "${package%/*}" 2>/dev/null)" = "ii " ] && continue
  missing+=("$package")
  say "installing ${package%/*}: $why"
done <scripts/packages.txt
if [ ${#missing[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  root apt-get update >"$log" 2>&1 || { tail -n 5 "$log" >&2; fail "see that this machine reaches its Debian mirror (apt-get update)"; }
  ours=() others=()
  for package in "${missing[@]}"; do
    if [ "$package" = "${package%/*}" ] || has_candidate "${package%/*}"; then ours+=("${package%/*}"); else others+=("$package"); fi
  done
  [ ${#ours[@]} -eq 0 ] ||
    root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${ours[@]}" >"$log" 2>&1 ||
    { tail -n 15 "$log" >&2; fail "run: apt-get install ${ours[*]}"; }
  for package in "${others[@]}"; do from_release "$package" "$log"; done
  rm -f "$log"
fi

step="npm modules"
if ! cmp -s package-lock.json node_modules/.igneous-lock; then
  say "installing npm modules: those of package-lock.json"
  npm ci --silent --no-audit --no-fund || fail "see that this machine reaches its npm registry, then run: npm ci"
  cp package-lock.json node_modules/.igneous-lock
fi

step="compile"
if [ ! -f dist/.stamp ] || [ -n "$(find src scripts/build.ts package-lock.json -newer dist/.stamp -print -quit)" ]; then
  say "compiling igneous: src to dist"
  npm run --silent build || fail "run: npm run types"
  touch dist/.stamp
fi

for extra in scripts/go-toolchain.sh scripts/python-tools.sh; do
  [ -x "$extra" ] || continue
  step="$extra"
  "$extra" >/dev/null || fail "run: $extra"
done
