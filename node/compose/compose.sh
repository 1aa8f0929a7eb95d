#!/bin/sh
# compose.sh: makes the base tree in /scratch/tree, from exactly the packages in /scratch/packages (lines: sha256 name).
# It runs in the tools root as (mapped) root. /flat/debs: the packages, by sha256. /node: this folder's parent.
# The tree goes to standard output as a tar archive, everything that is said on the way to standard error.
# Environment: SOURCE_DATE_EPOCH.
set -eu
umask 022
exec 3>&1 1>&2
suite=$1
tree=/scratch/tree

# An archive that has nothing but the locked packages, so that apt can take nothing else.
while read -r sha256 _; do
    dpkg-deb --field "/flat/debs/$sha256.deb"
    printf 'Filename: debs/%s.deb\nSize: %s\nSHA256: %s\n\n' "$sha256" "$(stat -c %s "/flat/debs/$sha256.deb")" "$sha256"
done </scratch/packages >/flat/Packages
cat >/flat/Release <<END
Origin: Debian
Suite: $suite
Codename: $suite
Date: $(date -u -R -d @0)
SHA256:
 $(sha256sum </flat/Packages | cut -d ' ' -f 1) $(stat -c %s /flat/Packages) Packages
END
names=$(cut -d ' ' -f 2 /scratch/packages | paste -s -d ,)

# The initrd is made once, at the end, not by a hook of the kernel's package.
export INITRD=No DEBIAN_FRONTEND=noninteractive TMPDIR=/scratch/tmp
mkdir -p "$TMPDIR"
# shellcheck disable=SC2016 # the hooks are for mmdebstrap's shell
mmdebstrap --verbose --mode=root --variant=essential --include="$names" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='APT::Sandbox::User "root"' \
    --dpkgopt=force-unsafe-io \
    --extract-hook='cp /node/compose/dpkg.cfg "$1/etc/dpkg/dpkg.cfg.d/99igneous"' \
    --essential-hook='sh /node/compose/accounts.sh "$1"' \
    "$suite" "$tree" 'deb [trusted=yes] copy:/flat ./'

# shellcheck disable=SC2016 # the format is for dpkg-query
installed=$(chroot "$tree" dpkg-query -W -f '${Package}\n' | sort)
[ "$installed" = "$(cut -d ' ' -f 2 /scratch/packages | sort)" ] || {
    echo "the tree does not hold exactly the locked packages" >&2
    exit 1
}

cp -r /node/base/. "$tree/"
chmod 0440 "$tree/etc/sudoers.d/igneous"
cp -r /node/dracut/95igneous "$tree/usr/lib/dracut/modules.d/"
mount -t proc proc "$tree/proc"
for device in null urandom zero; do
    : >"$tree/dev/$device"
    mount --bind "/dev/$device" "$tree/dev/$device"
done
ln -sfn /proc/self/fd "$tree/dev/fd"
cp /node/compose/configure.sh "$tree/tmp/configure.sh"
echo 'stage: making the initrd'
chroot "$tree" sh /tmp/configure.sh
if [ -d "$tree/etc/selinux/default/policy" ]; then
    cp /node/selinux/igneous.cil "$tree/tmp/igneous.cil"
    chroot "$tree" semodule --noreload --install=/tmp/igneous.cil
fi
umount "$tree/dev/null" "$tree/dev/urandom" "$tree/dev/zero" "$tree/proc"
echo 'stage: writing the commit'
sh /node/compose/shape.sh "$tree"
tar --create --directory "$tree" --sort=name --numeric-owner --mtime=@0 --format=pax --pax-option=delete=atime,delete=ctime \
    --xattrs --xattrs-include=security.capability . >&3
