#!/usr/bin/env bash
# Makes the Python environment that the AWS tests use, in the cache folder; does nothing when it is there already.
# One for each content of requirements.txt, so that two checkouts do not take it from each other. Prints its path.
set -euo pipefail
cd "$(dirname "$0")"

stamp=$(sha256sum requirements.txt | cut -c 1-12)
venv="${XDG_CACHE_HOME:-$HOME/.cache}/igneous/python-$stamp"
if [ ! -e "$venv/done" ]; then
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement requirements.txt >&2
  touch "$venv/done"
fi
echo "$venv"
