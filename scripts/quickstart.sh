#!/usr/bin/env bash
# The main job on a bare machine: set-up, sample images, lock, bake with its boot check, summary.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
# A year from now Debian's archive has moved past the versions that are pinned here. Only what it no longer serves is
# taken newer, which is said, and shows as a change of the lock.
scripts/sample-images.sh --newer-debian >/dev/null
node dist/main.js lock --refresh-gone
node dist/main.js bake "$@"
echo "(in this folder, run igneous as: npx igneous …)"
