#!/usr/bin/env bash
# Builds the programs of the sample images: sample-images-build.sh GO DIR
# Each is a static program whose bytes depend on the Go release and on go.sum only.
set -euo pipefail

go=$1
programs=$2
self=$(readlink -f "$0")
samples=$(dirname "$self")/../samples
assembler=$(dirname "$self")/sample-images-asm.sh

# Nothing that the user has set for Go's code generation may reach the images.
unset GOROOT
export GOOS=linux GOARCH=amd64 GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0 GOAMD64=v1 GOEXPERIMENT='' GOFIPS140=off
GOMODCACHE=$("$go" env GOMODCACHE)
export GOMODCACHE

# build NAME MODULE PACKAGE LINKER-FLAGS NOTE [TAGS]; the tags are those of the release's own build
build() {
    local name=$1 module=$2 package=$3 linker=$4 note=$5 tags=${6:-} from=$SECONDS inputs output
    inputs=$(cd "$samples" && { cat go-version "$self" "$assembler"; find "$module" -type f ! -name '*_test.go' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum)
    if [ -x "$programs/$name" ] && [ "$(cat "$programs/$name.inputs" 2>/dev/null)" = "$inputs" ]; then
        say "$name is built already"
        return
    fi
    say "building $name ($note)"
    output=$(cd "$samples/$module" && nice -n 5 "$go" build -trimpath -buildvcs=false -toolexec "'$assembler'" \
        -tags "$tags" -ldflags "-s -w -buildid= $linker" -o "$programs/$name.partial" "$package" 2>&1) || failed "$name" "$output"
    if grep -qaF "$GOMODCACHE/" "$programs/$name.partial"; then
        failed "$name" "$name holds the path $GOMODCACHE: its bytes would be other ones on each machine"
    fi
    mv "$programs/$name.partial" "$programs/$name"
    echo "$inputs" >"$programs/$name.inputs"
    say "built $name; $((SECONDS - from)) s"
}

say() { echo "sample-images: $1" >&2; }

failed() {
    grep -v '^go: downloading' <<<"$2" | tail -n 20 >&2 || true
    if grep -q 'no space left' <<<"$2"; then
        say "the disk was full while building $1; all programs need 6 GB in $("$go" env GOCACHE) and $("$go" env GOMODCACHE)"
    elif grep -Eq 'dial tcp|no such host|i/o timeout|connection refused|module lookup disabled|TLS handshake' <<<"$2"; then
        say "the modules of $1 could not be fetched; check the network and 'go env GOPROXY', then run again"
    else
        say "building $1 failed; the compiler's last lines are above"
    fi
    exit 1
}

# What the release's own build stamps into the programs; the commit is that of the tag v1.34.1.
kube_stamp() {
    local package
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        printf -- '-X %s.%s ' "$package" gitVersion=v1.34.1 "$package" gitMajor=1 "$package" gitMinor=34 \
            "$package" gitCommit=93248f9ae092f571eb870b7664c534bfc7d00f03 "$package" gitTreeState=archive \
            "$package" buildDate=2025-09-09T19:37:19Z
    done
}

build kube kubernetes . "$(kube_stamp)" \
    "Kubernetes 1.34.1, about 7 minutes the first time" selinux,notest,grpcnotrace
etcd_stamp='-X go.etcd.io/etcd/api/v3/version.GitSHA=a061450'
build etcd etcd go.etcd.io/etcd/server/v3 "$etcd_stamp" "etcd 3.6.5, about 1 minute the first time"
build etcdctl etcd go.etcd.io/etcd/etcdctl/v3 "$etcd_stamp" "etcd 3.6.5"
build etcdutl etcd go.etcd.io/etcd/etcdutl/v3 "$etcd_stamp" "etcd 3.6.5"
build geth geth github.com/ethereum/go-ethereum/cmd/geth \
    '-X github.com/ethereum/go-ethereum/internal/version.gitCommit=b9f3a3d9' \
    "go-ethereum 1.16.7, about 3 minutes the first time" urfave_cli_no_docs
build pause pause . '-X main.version=3.10' "a few lines of ours"
# This one runs here.
unset GOOS GOARCH
build layout layout . '' "writes the layouts"
