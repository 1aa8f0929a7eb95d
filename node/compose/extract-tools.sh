#!/bin/sh
# extract-tools.sh ROOT: unpacks the Debian packages whose paths come on standard input, one a line, and does the little of
# their maintainer scripts that a program needs in order to run. No script of a package is run.
set -eu
umask 022
root=$1
mkdir -p "$root"

# base-files brings the links /bin, /lib and /sbin, through which all others are unpacked.
while read -r package; do
    dpkg-deb --fsys-tarfile "$package" |
        tar --extract --directory "$root" --no-same-owner --keep-directory-symlink --exclude './usr/share/doc/*' --exclude './usr/share/man/*' --exclude './usr/share/locale/*'
done
mkdir -p "$root/etc" "$root/mnt" "$root/var/lib/dpkg"
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
: >"$root/var/lib/dpkg/status"
[ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
chmod -R u+rwX "$root"
