#!/usr/bin/env bash
# The Debian packages of the sample images, each pinned by version and sha256.
#   sample-images-debian.sh fetch PINS   gets the pinned packages into the cache and prints its path;
#                                        exit 3 when a pinned version is nowhere to be had any more
#   sample-images-debian.sh update PINS  resolves samples/debian/packages.txt against today's archive
#                                        (signed index) and writes PINS
# IGNEOUS_DEB_MIRROR names an archive to try before the machine's own, such as a snapshot of Debian's.
set -euo pipefail

suite=trixie
architecture=amd64
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
wanted=$(dirname "$(readlink -f "$0")")/../samples/debian/packages.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/igneous/debs

main() {
    [ $# -eq 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
    mkdir -p "$cache"
    scratch=$(mktemp -d "$cache/.tmp.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    case $1 in
        fetch) fetch "$2" ;;
        update) update "$2" ;;
        *) echo "sample-images-debian: no command is called $1" >&2; exit 2 ;;
    esac
}

# The archives that may hold Debian's packages: the user's choice, then what apt is configured with.
mirrors() {
    local found
    [ -z "${IGNEOUS_DEB_MIRROR:-}" ] || echo "${IGNEOUS_DEB_MIRROR%/}"
    # shellcheck disable=SC2016
    found=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Identifier: Packages' 'Component: main' 2>/dev/null |
        sed -En 's,^Debian\|Debian\|(https?://.*[^/])/?$,\1,p')
    # Before the first apt-get update apt knows of no origin yet: then every archive is worth a try.
    [ -n "$found" ] || found=$(apt-get update --print-uris 2>/dev/null |
        sed -En "s,^'(https?://.*)/dists/.*/InRelease'.*,\1,p")
    [ -z "$found" ] || awk '!seen[$0]++' <<<"$found"
}

# Prints the lines of PINS whose package the cache lacks or holds with other bytes.
missing() {
    local name version sha256 file
    while read -r name version sha256 file; do
        case $name in '' | '#'*) continue ;; esac
        if ! echo "$sha256  $cache/$sha256.deb" | sha256sum --check --status 2>/dev/null; then
            echo "$name $version $sha256 $file"
        fi
    done <"$1"
}

fetch() {
    local pins=$1 mirror
    missing "$pins" >"$scratch/missing"
    while [ -s "$scratch/missing" ] && read -r mirror <&3; do
        download "$mirror" <"$scratch/missing"
        missing "$pins" >"$scratch/missing"
    done 3< <(mirrors)
    if [ -s "$scratch/missing" ]; then explain; fi
    echo "$cache"
}

# apt's own downloader: it follows the proxy and the credentials that the machine's apt is set up with.
download() {
    local mirror=$1 name version sha256 file arguments=()
    while read -r name version sha256 file; do
        arguments+=("$mirror/$file" "$scratch/$sha256.deb" "SHA256:$sha256")
    done
    /usr/lib/apt/apt-helper -o APT::Sandbox::User= -o Acquire::Retries=2 \
        download-file "${arguments[@]}" >>"$scratch/log" 2>&1 || true
    for file in "$scratch"/*.deb; do
        [ -e "$file" ] || continue
        sha256=$(basename "$file" .deb)
        if echo "$sha256  $file" | sha256sum --check --status; then mv "$file" "$cache/"; else rm "$file"; fi
    done
}

explain() {
    local name version rest
    if [ ! -e "$scratch/log" ]; then
        echo "sample-images: apt has no Debian archive among its sources; set IGNEOUS_DEB_MIRROR to one" >&2
        exit 1
    fi
    if grep -q 'No space left' "$scratch/log"; then
        echo "sample-images: the disk of $cache is full; free 100 MB there or set XDG_CACHE_HOME, then run again" >&2
        exit 1
    fi
    if grep -q 'Hash Sum mismatch' "$scratch/log"; then
        while read -r name version rest; do
            echo "sample-images: the archive serves other bytes for package $name $version than its pinned sha256" >&2
        done <"$scratch/missing"
        echo "sample-images: try another mirror with IGNEOUS_DEB_MIRROR" >&2
        exit 1
    fi
    if ! grep -Eq '40[34] |Not Found' "$scratch/log"; then
        { grep -E '^(E|Err)' "$scratch/log" || cat "$scratch/log"; } | tail -3 >&2
        echo "sample-images: the Debian archive cannot be reached; check the network and 'apt-get update', then run again" >&2
        exit 1
    fi
    while read -r name version rest; do
        echo "sample-images: package $name $version has left the archive" >&2
    done <"$scratch/missing"
    echo "sample-images: take today's versions with 'scripts/sample-images.sh --update-debian'," >&2
    echo "  or set IGNEOUS_DEB_MIRROR to an archive that keeps old versions" >&2
    exit 3
}

# Every apt below works in a directory of its own: nothing of the machine's apt is read but proxy and credentials.
apt_here() {
    local program=$1
    shift
    "$program" -c="$scratch/apt.conf" "$@"
}

prepare_apt() {
    mkdir -p "$scratch"/apt/{lists/partial,cache/archives/partial}
    : >"$scratch/apt/status"
    cat >"$scratch/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Dir::State "$scratch/apt";
Dir::State::Lists "$scratch/apt/lists";
Dir::State::status "$scratch/apt/status";
Dir::Cache "$scratch/apt/cache";
Dir::Etc::SourceList "$scratch/apt/debian.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
CONF
}

# Reads the signed index of the first archive that answers.
read_index() {
    local mirror
    while read -r mirror; do
        printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: %s\nSigned-By: %s\n' \
            "$mirror" "$suite" "$architecture" "$keyring" >"$scratch/apt/debian.sources"
        if apt_here apt-get update --error-on=any >"$scratch/log" 2>&1; then return; fi
    done < <(mirrors)
    [ ! -e "$scratch/log" ] || grep -E '^[EW]' "$scratch/log" | tail -3 >&2
    echo "sample-images: no archive gave a signed index of $suite; check the network and that $keyring is there (package debian-archive-keyring)" >&2
    exit 1
}

update() {
    local pins=$1 packages left_out resolved
    prepare_apt
    read_index
    mapfile -t packages < <(awk '/^[a-z]/ { print $1 }' "$wanted")
    left_out=$(awk '/^-/ { print substr($1, 2) }' "$wanted")
    apt_here apt-get -qq --simulate install "${packages[@]}" >"$scratch/plan"
    mapfile -t resolved < <(awk -v left_out="$left_out" '
        BEGIN { split(left_out, names, "\n"); for (i in names) skip[names[i]] }
        /^Inst/ && !($2 in skip) { print $2 "=" substr($3, 2) }' "$scratch/plan")
    {
        echo "# Written by scripts/sample-images.sh --update-debian from the signed index of $suite, $architecture."
        echo "# name version sha256 file"
        apt_here apt-cache show "${resolved[@]}" | awk '
            /^Package:/ { name = $2 } /^Version:/ { version = $2 } /^Filename:/ { file = $2 } /^SHA256:/ { sha256 = $2 }
            /^$/ { if (name) print name, version, sha256, file; name = "" }
            END { if (name) print name, version, sha256, file }' | LC_ALL=C sort -u
    } >"$scratch/pins"
    [ "$(grep -vc '^#' "$scratch/pins")" -eq "${#resolved[@]}" ] || {
        echo "sample-images: the index names ${#resolved[@]} packages but describes others; this is a bug" >&2
        exit 1
    }
    mkdir -p "$(dirname "$pins")"
    cp "$scratch/pins" "$pins.partial"
    mv "$pins.partial" "$pins"
}

main "$@"
