#!/usr/bin/env bash
# Builds the sample images (Kubernetes, etcd, geth, pause) from pinned upstream Go modules and
# pinned Debian packages, as OCI layouts: DIR/kube-apiserver, DIR/etcd, DIR/ethereum/client-go …
# The digests are the same on every machine; samples/digests.txt says what they are.
#
# Usage: scripts/sample-images.sh [--out DIR] [--accept] [--newer-debian]
#        scripts/sample-images.sh --update-debian
#   --out DIR        where the layouts go; default .igneous/images
#   --accept         write the digests that came out to samples/digests.txt
#   --newer-debian   when a pinned Debian version has left the archive, take today's for this build;
#                    kubelet and kube-proxy then get digests of their own
#   --update-debian  pin today's Debian versions in samples/debian/packages.lock
# IGNEOUS_DEB_MIRROR names a Debian archive to try before the machine's own.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")
pins=$top/samples/debian/packages.lock
committed=$top/samples/digests.txt

main() {
    local out=$top/.igneous/images accept='' newer='' started=$SECONDS
    while [ $# -gt 0 ]; do
        case $1 in
            --out) [ $# -gt 1 ] || usage; out=$2; shift ;;
            --out=*) out=${1#--out=} ;;
            --accept) accept=yes ;;
            --newer-debian) newer=yes ;;
            --update-debian) update_debian; return ;;
            -h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' "$0"; return ;;
            *) usage ;;
        esac
        shift
    done
    mkdir -p "$out"
    out=$(readlink -f "$out")
    work=$out/.work
    mkdir -p "$work/programs"
    exec 9>"$work/lock"
    flock --nonblock 9 || { say "another run is at work in $out; waiting for it"; flock 9; }
    trap 'rm -rf "$work/blobs" "$work/layout"' EXIT
    local inputs
    inputs=$(inputs_digest)
    if is_up_to_date "$inputs" "$newer"; then
        say "up to date in $out"
    else
        rm -f "$work/stamp"
        make_images "$newer"
        write_stamp "$inputs"
        say "all images are in $out; $((SECONDS - started)) s in all"
    fi
    compare "$accept"
    cat "$work/digests"
}

usage() {
    sed -n '6,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

say() { echo "sample-images: $1" >&2; }

update_debian() {
    "$here/sample-images-debian.sh" update "$pins"
    say "samples/debian/packages.lock holds today's versions; now run scripts/sample-images.sh --accept"
}

# Everything that decides the images' bytes.
inputs_digest() {
    cd "$top"
    find samples scripts/sample-images*.sh scripts/go-toolchain.sh -type f ! -name digests.txt ! -name '*_test.go' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

list_outputs() { find "$out" -path "$work" -prune -o -type f -printf '%s %P\n' | LC_ALL=C sort; }

is_up_to_date() {
    [ -s "$work/stamp" ] && [ "$(sed -n 1p "$work/stamp")" = "$1" ] || return 1
    [ "$(sed -n 2p "$work/stamp")" = pinned ] || [ -n "$2" ] || return 1
    [ "$(sed -n '3,$p' "$work/stamp")" = "$(list_outputs)" ]
}

write_stamp() {
    { echo "$1"; cat "$work/debian"; list_outputs; } >"$work/stamp.partial"
    mv "$work/stamp.partial" "$work/stamp"
}

make_images() {
    local go debs from=$SECONDS
    go=$("$here/go-toolchain.sh")
    say "Go $(cat "$top/samples/go-version") is $go"
    get_debian "$1"
    say "Debian packages are in $debs; $((SECONDS - from)) s"
    "$here/sample-images-build.sh" "$go" "$work/programs"
    from=$SECONDS
    "$work/programs/layout" -programs "$work/programs" -debs "$debs" -pins "$pins" -out "$out" -work "$work" \
        >"$work/digests.partial" || {
        say "the layouts were not written; if the disk is full, 500 MB more are needed in $out"
        exit 1
    }
    mv "$work/digests.partial" "$work/digests"
    say "layers and layouts written; $((SECONDS - from)) s"
}

# Sets debs to where the packages are, and pins to the list that they were taken from.
get_debian() {
    local status=0
    echo pinned >"$work/debian"
    debs=$("$here/sample-images-debian.sh" fetch "$pins") || status=$?
    [ "$status" -ne 0 ] || return 0
    [ "$status" -eq 3 ] && [ -n "$1" ] || exit "$status"
    echo newer >"$work/debian"
    pins=$work/packages.lock
    say "--newer-debian: taking the versions that the archive has today"
    [ -s "$pins" ] && debs=$("$here/sample-images-debian.sh" fetch "$pins" 2>/dev/null) && return
    "$here/sample-images-debian.sh" update "$pins"
    debs=$("$here/sample-images-debian.sh" fetch "$pins")
}

compare() {
    if [ -n "$1" ]; then
        cp "$work/digests" "$committed"
        say "wrote samples/digests.txt"
        return
    fi
    local difference
    difference=$(diff "$committed" "$work/digests" | grep '^>' || true)
    if [ "$(cat "$work/debian")" = newer ]; then
        difference=$(grep -v ' kubelet:\| kube-proxy:' <<<"$difference" || true)
        say "kubelet and kube-proxy hold newer Debian packages than samples/digests.txt was made with"
    fi
    [ -n "$difference" ] || return 0
    echo "$difference" >&2
    say "the digests above are not those of samples/digests.txt: this machine built other bytes."
    say "  after a wanted change run scripts/sample-images.sh --accept; else please report it with the output of 'go env'"
    exit 1
}

main "$@"
