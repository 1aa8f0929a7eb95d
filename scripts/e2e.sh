#!/bin/sh
# e2e.sh [--all] [FILE…]: the end-to-end tests. The longest, of two machines and of static pods, and that with coldsnap (which cargo builds)
# run only with --all or by name.
set -eu

cd "$(dirname "$0")/.."
if [ "${1:-}" = --all ]; then
    shift
elif [ $# -eq 0 ]; then
    set -- --exclude test/e2e/node-pair.e2e.ts --exclude test/e2e/node-static-pods.e2e.ts --exclude test/e2e/coldsnap.e2e.ts
fi
exec npx vitest run --project e2e "$@"
