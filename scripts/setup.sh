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

step="Node.js"
command -v node >/dev/null || fail "install Node.js 20.19 or newer"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "install Node.js 20.19 or newer (this is $(node --version))"

step="Debian packages"
missing=()
while read -r package why; do
  case "$package" in '' | '#'*) continue ;; esac
  [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] && continue
  missing+=("$package")
  say "installing $package: $why"
done <scripts/packages.txt
if [ ${#missing[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  root apt-get update >"$log" 2>&1 || { tail -n 5 "$log" >&2; fail "see that this machine reaches its Debian mirror (apt-get update)"; }
  root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
    { tail -n 15 "$log" >&2; fail "run: apt-get install ${missing[*]}"; }
  rm -f "$log"
fi

step="npm modules"
if ! cmp -s package-lock.json node_modules/.igneous-lock; then
  say "installing npm modules: those of package-lock.json"
  npm ci --silent --no-audit --no-fund || fail "see that this machine reaches its npm registry, then run: npm ci"
  cp package-lock.json node_modules/.igneous-lock
fi

step="compile"
if [ ! -f dist/.stamp ] || [ -n "$(find src tsconfig.json tsconfig.build.json -newer dist/.stamp -print -quit)" ]; then
  say "compiling igneous: src to dist"
  rm -rf dist
  npx --no-install tsc -p tsconfig.build.json || fail "run: npm run types"
  chmod +x dist/main.js
  touch dist/.stamp
fi

for extra in scripts/go-toolchain.sh scripts/python-tools.sh; do
  [ -x "$extra" ] || continue
  step="$extra"
  "$extra" >/dev/null || fail "run: $extra"
done
