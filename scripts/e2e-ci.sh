#!/usr/bin/env bash
# e2e-ci.sh [RESULTS]: the end-to-end tests of CI, in two lanes at once. One boots machines, one after another: two emulated ones at a time
# take longer than both in turn. The other does the rest in the time that machines leave over.
# What vitest counts is written to RESULTS/e2e-*.json. On a machine so slow that CI's hour (since IGNEOUS_CI_STARTED, in seconds of the
# epoch) is over, no further machine is begun; which is left out is said, and written to RESULTS/left-out.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
results=${1:-$(mktemp -d)}
started=${IGNEOUS_CI_STARTED:-$(date +%s)}
hour=3600

# What both lanes would make at the same time.
scripts/setup.sh && scripts/sample-images.sh || exit 1

lane() {
  local name=$1 status=0
  shift
  for file in "$@"; do
    if [ "$name" = machines ] && [ $(($(date +%s) - started)) -gt "$hour" ]; then
      echo "$file: left out, for the hour is over; run it with: npx vitest run --project e2e test/e2e/$file.e2e.ts" | tee -a "$results/left-out"
      continue
    fi
    npx vitest run --project e2e "test/e2e/$file.e2e.ts" --reporter=default --reporter=json --outputFile.json="$results/e2e-$file.json" 2>&1 |
      sed -u "s/^/$name: /" || status=1
  done
  return "$status"
}

lane machines bake node packer-amazon-vm packer &
machines=$!
(renice -n 10 "$BASHPID" >/dev/null; lane rest sample-images etcd-cluster aws-builders disk packer-amazon packer-newer) &
rest=$!
trap 'kill "$machines" "$rest" 2>/dev/null' EXIT
status=0
wait "$machines" || status=1
wait "$rest" || status=1
exit "$status"
