#!/bin/sh
# shape.sh ROOT: turns an installed Debian tree into the shape that OSTree deploys, and takes out what differs from one
# machine or hour to the next. Runs as (mapped) root outside of the tree. Environment: SOURCE_DATE_EPOCH.
set -eu
export LC_ALL=C
root=${1:?}

# What installing left behind, and what every node makes for itself.
rm -rf "${root:?}"/boot/* "${root:?}"/dev/* "$root"/run/* "$root"/tmp/* "$root"/initrd.img* "$root"/vmlinuz*
rm -f "$root"/etc/machine-id "$root"/etc/ssh/ssh_host_* "$root"/etc/hostname "$root"/etc/.pwd.lock \
    "$root"/etc/.resolv.conf.* "$root"/etc/ld.so.cache~ "$root"/etc/mtab \
    "$root"/etc/passwd- "$root"/etc/group- "$root"/etc/shadow- "$root"/etc/gshadow- "$root"/etc/subuid- "$root"/etc/subgid-
rm -rf "$root"/etc/apt "$root"/etc/cron.d "$root"/etc/cron.daily "$root"/etc/logcheck "$root"/etc/grub.d "$root"/etc/rc?.d "$root"/etc/init.d \
    "$root"/etc/kernel "$root"/etc/systemd/system/timers.target.wants/apt-* "$root"/etc/systemd/system/timers.target.wants/dpkg-* \
    "$root"/etc/systemd/system/*/e2scrub*
rm -rf "$root"/usr/share/man "$root"/usr/share/info "$root"/usr/share/lintian "$root"/usr/share/doc-base "$root"/usr/share/bug \
    "$root"/usr/share/locale "$root"/usr/share/bash-completion "$root"/usr/share/zsh
find "$root/usr/share/doc" -type f ! -name copyright -delete
find "$root/usr/share/doc" -type l ! -name copyright -delete || true
find "$root/usr" -name __pycache__ -type d -prune -exec rm -rf {} +
find "$root/usr/share/doc" -depth -type d -empty -delete

rm -f "$root"/etc/dpkg/dpkg.cfg.d/99* "$root"/usr/lib/dracut/modules.d/30ignition/ignition

# What these do at a (first) boot is done already, or never needed: the cache of libraries and the hardware database are in
# the tree, nothing is to be asked on the console, and the root file system needs no initrd to be unmounted.
for unit in dracut-shutdown ldconfig systemd-firstboot systemd-hwdb-update; do
    rm -f "$root/usr/lib/systemd/system/sysinit.target.wants/$unit.service"
done

ln -sfn ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
ln -sfn ../proc/self/mounts "$root/etc/mtab"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
printf '# The kernel arguments name the root file system.\n' >"$root/etc/fstab"

# Accounts in order of their number, with one date of the last password change.
for file in passwd group; do
    sort -t: -k3,3n "$root/etc/$file" >"$root/etc/$file.new"
    cat "$root/etc/$file.new" >"$root/etc/$file"
    rm "$root/etc/$file.new"
done
for file in shadow gshadow; do
    sort -t: -k1,1 "$root/etc/$file" >"$root/etc/$file.new"
    [ $file = gshadow ] || sed -i 's/^\([^:]*:[^:]*\):[0-9]*:/\1:20000:/' "$root/etc/$file.new"
    cat "$root/etc/$file.new" >"$root/etc/$file"
    rm "$root/etc/$file.new"
done

# A policy of SELinux stays, if a package brought one, with its modules beside it: OSTree asks semodule for them in a deploy.
if [ -d "$root/etc/selinux/default/policy" ]; then
    cp -a "$root"/var/lib/selinux/default/* "$root/etc/selinux/default/"
    sed -i '/^ *store-root/d' "$root/etc/selinux/semanage.conf"
    echo 'store-root = /etc/selinux' >>"$root/etc/selinux/semanage.conf"
    rm -f "$root"/etc/selinux/default/semanage.*.LOCK
else
    rm -rf "$root/etc/selinux"
    mkdir "$root/etc/selinux"
fi

# The package database belongs to the read-only tree.
mkdir -p "$root/usr/lib/sysimage"
rm -rf "$root/var/lib/dpkg/lock"* "$root/var/lib/dpkg/triggers/Lock" "$root"/var/lib/dpkg/*-old "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/available" \
    "$root/var/lib/dpkg/arch" "$root/var/lib/dpkg/parts" "$root/var/lib/dpkg/info"/*.*inst "$root/var/lib/dpkg/info"/*.*rm
mv "$root/var/lib/dpkg" "$root/usr/lib/sysimage/dpkg"

# /var of a node starts empty. The folders that packages have there become tmpfiles.d lines, unless one exists; files are
# caches and logs, and are dropped.
rm -rf "$root"/var/lib/apt "$root"/var/lib/dracut "$root"/var/lib/pam "$root"/var/lib/systemd/deb-systemd-* "$root"/var/lib/ucf \
    "$root"/var/log/apt "$root"/var/cache/apt "$root"/var/cache/debconf "$root"/var/cache/ldconfig
cat "$root"/usr/lib/tmpfiles.d/*.conf >"$root/tmp/known"
(
    echo "# Folders in /var that the packages of the base bring."
    find "$root/var" -mindepth 1 \( -type d -printf 'd /var/%P %04m %U %G -\n' \) -o \( -type l -printf 'L /var/%P - - - - %l\n' \) | sort
) | awk 'NR == FNR { known[$2] = 1; next } !($2 in known)' "$root/tmp/known" - >"$root/usr/lib/tmpfiles.d/igneous-var.conf"
rm -rf "${root:?}"/var/* "$root/tmp/known"

# Places that stay writable live in /var.
for pair in home:var/home root:var/roothome opt:var/opt srv:var/srv mnt:var/mnt media:run/media usr/local:../var/usrlocal; do
    rm -rf "${root:?}/${pair%%:*}"
    ln -s "${pair#*:}" "$root/${pair%%:*}"
done
mkdir "$root/sysroot"
ln -s sysroot/ostree "$root/ostree"
mv "$root/etc" "$root/usr/etc"
