#!/usr/bin/env bash
# Makes the Python environment that the AWS tests use, in the cache folder; does nothing when it is there already.
# Prints its path.
set -euo pipefail
cd "$(dirname "$0")"

venv="${XDG_CACHE_HOME:-$HOME/.cache}/igneous/venv"
stamp=$(sha256sum requirements.txt | cut -d' ' -f1)
if [ "$(cat "$venv/stamp" 2>/dev/null || true)" != "$stamp" ]; then
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement requirements.txt >&2
  echo "$stamp" >"$venv/stamp"
fi
echo "$venv"
