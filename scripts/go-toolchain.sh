#!/usr/bin/env bash
# Prints the path of the go program of the release in samples/go-version: the one on PATH when
# it is that release, else the Go project's own build of it, which the module proxy serves as a
# module. Any older go can fetch that, Debian 12's too; its checksum is pinned here.
set -euo pipefail

version=$(cat "$(dirname "$(readlink -f "$0")")/../samples/go-version")

fail() {
    echo "go-toolchain: $1" >&2
    exit 1
}

# Of the module golang.org/toolchain@v0.0.1-goVERSION.linux-MACHINE, for the version in samples/go-version.
case $(uname -m) in
    x86_64) machine=amd64 checksum=h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM= ;;
    aarch64) machine=arm64 checksum=h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc= ;;
    *) fail "the Go project builds no toolchain that is known here for $(uname -m)" ;;
esac

go=$(command -v go || true)
[ -n "$go" ] || fail "no go is on PATH to begin with: run 'sudo apt-get install golang-go'"

# Outside of any module, and whatever the user has set: this is about the program alone.
export GOTOOLCHAIN=local GOFLAGS='' GO111MODULE=on
cd /

if [ "$("$go" env GOVERSION 2>/dev/null)" = "go$version" ]; then
    readlink -f "$go"
    exit
fi

module=golang.org/toolchain@v0.0.1-go$version.linux-$machine
field() { sed -n "s/^[[:space:]]*\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" <<<"$answer"; }
answer=$("$go" mod download -json "$module" 2>&1) ||
    fail "Go $version cannot be fetched as a module: $(field Error)
  check the network, 'go env GOPROXY' and the space in 'go env GOMODCACHE' (320 MB), then run again"

[ "$(field Sum)" = "$checksum" ] ||
    fail "$module has checksum $(field Sum), wanted $checksum: the proxy serves other bytes than the Go project's"

root=$(field Dir)
# A module has no executable files: the go command sets these bits too when it fetches a toolchain for itself.
if [ ! -x "$root/bin/go" ]; then
    chmod a+x "$root"/pkg/tool/*/* "$root"/bin/gofmt
    chmod a+x "$root/bin/go"
fi
echo "$root/bin/go"
