#!/usr/bin/env bash
# The main job on a bare machine: set-up, sample images, lock, bake with its boot check, summary.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/sample-images.sh
# A year from now Debian's archive has moved past the versions in the committed lock. Only then, and saying so, the
# base is resolved again; images stay as they are locked.
node dist/main.js lock --refresh-gone
exec node dist/main.js bake "$@"
