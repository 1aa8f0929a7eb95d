#!/usr/bin/env bash
# Builds a Packer that is newer than Debian's, and its plugins for QEMU and AWS, from the modules pinned in scripts/packer;
# does nothing when it is there already. Prints the folder of its 'packer', which knows its plugins, for PATH:
#   PATH=$(scripts/newer-packer.sh):$PATH igneous bake --builder packer
# Three and a half minutes of CPU and 1.5 GB of Go's caches the first time.
set -euo pipefail

self=$(readlink -f "$0")
here=$(dirname "$self")
module=$here/packer

say() { echo "newer-packer: $1" >&2; }

stamp=$(cat "$self" "$module/go.mod" "$module/go.sum" "$here/../samples/go-version" | sha256sum | cut -c 1-12)
made=${XDG_CACHE_HOME:-$HOME/.cache}/igneous/packer-$stamp
if [ ! -e "$made/done" ]; then
    go=$("$here/go-toolchain.sh")
    say "building Packer and two plugins, three and a half minutes of CPU the first time"
    started=$SECONDS
    rm -rf "$made"
    mkdir -p "$made/bin" "$made/programs"
    cd "$module"
    for name in packer packer-plugin-amazon packer-plugin-qemu; do
        GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0 nice -n 5 "$go" build -trimpath -buildvcs=false \
            -ldflags "-s -w" -o "$made/programs/$name" "github.com/hashicorp/$name" 1>&2 || {
            say "building $name failed; the compiler's last lines are above. If modules could not be fetched: check 'go env GOPROXY'"
            exit 1
        }
    done
    cat >"$made/bin/packer" <<EOF
#!/bin/sh
export PACKER_PLUGIN_PATH="\${PACKER_PLUGIN_PATH:-$made/plugins}"
exec "$made/programs/packer" "\$@"
EOF
    chmod a+x "$made/bin/packer"
    for name in amazon qemu; do
        CHECKPOINT_DISABLE=1 "$made/bin/packer" plugins install --path "$made/programs/packer-plugin-$name" \
            "github.com/hashicorp/$name" >&2
    done
    rm "$made"/programs/packer-plugin-*
    touch "$made/done"
    say "built in $((SECONDS - started)) s"
fi
echo "$made/bin"
