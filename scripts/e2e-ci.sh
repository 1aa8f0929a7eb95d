#!/usr/bin/env bash
# e2e-ci.sh [RESULTS]: the end-to-end tests of CI, in two lanes at once. One boots machines, one after another: two emulated ones at a time
# take longer than both in turn. The other does the rest in the time that machines leave over.
# What vitest counts is written to RESULTS/e2e-LANE.json.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
results=${1:-$(mktemp -d)}

# What both lanes would make at the same time.
scripts/setup.sh && scripts/sample-images.sh || exit 1

lane() {
  local name=$1
  shift
  npx vitest run --project e2e "${@/#/test/e2e/}" --reporter=default --reporter=json --outputFile.json="$results/e2e-$name.json" 2>&1 |
    sed -u "s/^/$name: /"
}

lane machines bake.e2e.ts node.e2e.ts packer.e2e.ts packer-amazon-vm.e2e.ts &
machines=$!
(renice -n 10 "$BASHPID" >/dev/null; lane rest sample-images.e2e.ts etcd-cluster.e2e.ts aws-builders.e2e.ts disk.e2e.ts packer-amazon.e2e.ts packer-newer.e2e.ts) &
rest=$!
trap 'kill "$machines" "$rest" 2>/dev/null' EXIT
status=0
wait "$machines" || status=1
wait "$rest" || status=1
exit "$status"
