#!/usr/bin/env bash
# Runs a tool of the Go compiler, for go build -toolexec: sample-images-asm.sh TOOL ARGUMENT…
# An assembly file of gnark-crypto includes a file of another package. go build -trimpath tells the
# assembler to cut off its own package's path only, so geth would hold the path of the module cache,
# other bytes on each machine. This adds that path (GOMODCACHE, which the caller sets) to what is cut.
set -euo pipefail

tool=$1
shift
[ "${tool##*/}" = asm ] || exec "$tool" "$@"

arguments=()
previous=
for argument; do
    # What the tool says it is decides what go takes from its cache: objects made without this differ.
    if [ "$argument" = -V=full ]; then
        version=$("$tool" "$@")
        echo "$version trims-includes"
        exit
    fi
    if [ "$previous" = -trimpath ]; then argument="$argument;$GOMODCACHE=>"; fi
    arguments+=("$argument")
    previous=$argument
done
exec "$tool" "${arguments[@]}"
