#!/bin/sh
# enter.sh ROOT [ro|rw SOURCE TARGET]... -- PROGRAM [ARG]...
# Runs a program in ROOT (an extracted Debian tree, used read-only) with the given folders and files bound into it.
# It is the first process of fresh mount and process namespaces, so nothing of this needs to be undone.
set -eu
umask 022
# A plain user's PATH has no sbin on Debian.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=$1
shift

# A mount of a user namespace keeps the restrictions of the one below; a remount has to name them again.
read_only() {
    mount -o remount,bind,ro "$1" 2>/dev/null ||
        mount -o "remount,bind,$(findmnt -n -o VFS-OPTIONS -T "$1" | sed 's/^rw/ro/')" "$1"
}

new=$root/mnt
mount -t tmpfs -o mode=0755 tmpfs "$new"
mkdir "$new/dev" "$new/etc" "$new/old" "$new/proc" "$new/root" "$new/run" "$new/sys" "$new/tmp" "$new/usr" "$new/var"
chmod 1777 "$new/tmp"
mount --bind "$root/usr" "$new/usr"
read_only "$new/usr"
cp -a "$root/etc/." "$new/etc/"
cp -a "$root/var/." "$new/var/"
for link in bin lib lib64 sbin; do
    ln -s "usr/$link" "$new/$link"
done
mount -t proc proc "$new/proc" 2>/dev/null || mount --rbind /proc "$new/proc"
for device in full null random tty urandom zero; do
    : >"$new/dev/$device"
    mount --bind "/dev/$device" "$new/dev/$device"
done
mkdir -m 1777 "$new/dev/shm"
ln -s /proc/self/fd "$new/dev/fd"
ln -s fd/0 "$new/dev/stdin"
ln -s fd/1 "$new/dev/stdout"
ln -s fd/2 "$new/dev/stderr"

while [ "$1" != -- ]; do
    target=$new$3
    if [ -d "$2" ]; then
        mkdir -p "$target"
    else
        mkdir -p "$(dirname "$target")"
        : >"$target"
    fi
    mount --rbind "$2" "$target"
    [ "$1" = rw ] || read_only "$target"
    shift 3
done
shift

cd "$new"
pivot_root . old
umount -l old
rmdir old
hostname igneous
exec "$@"
