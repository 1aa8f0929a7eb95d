#!/usr/bin/env bash
# e2e-ci.sh [RESULTS]: the end-to-end tests of CI, in two lanes at once: an emulated machine leaves half of a second core idle,
# and a bake uses one. Writes what vitest counts to RESULTS/e2e-LANE.json.
set -uo pipefail
cd "$(dirname "$0")/.."
results=${1:-$(mktemp -d)}

# What both lanes would make at the same time.
scripts/setup.sh && scripts/sample-images.sh || exit 1

lane() {
  local name=$1
  shift
  npx vitest run --project e2e "${@/#/test/e2e/}" --reporter=default --reporter=json --outputFile.json="$results/e2e-$name.json" 2>&1 |
    sed -u "s/^/$name: /"
}

lane build bake.e2e.ts packer.e2e.ts packer-amazon-vm.e2e.ts packer-newer.e2e.ts &
build=$!
lane node node.e2e.ts aws-builders.e2e.ts packer-amazon.e2e.ts disk.e2e.ts sample-images.e2e.ts etcd-cluster.e2e.ts &
node=$!
trap 'kill "$build" "$node" 2>/dev/null' EXIT
status=0
wait "$build" || status=1
wait "$node" || status=1
exit "$status"
