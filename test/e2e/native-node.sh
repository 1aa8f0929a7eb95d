#!/bin/bash
# native-node.sh FOLDER: boots a node's payload on this machine's own systemd and crun, in namespaces of its own, so that
# units, PKI and flags are tried in seconds, without a virtual machine. Only the kubelet cannot run so: it wants control
# groups of its own. FOLDER holds: payload/ (files of the plan), rootfs/NAME and mountpoints/NAME per container,
# var/ (the node's /var/lib, kept between boots), roles, probe.sh (runs when all has started), out/ (what it wrote).
set -euo pipefail

folder=$1
if [ "${2:-}" != inside ]; then
    exec unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child "$0" "$folder" inside
fi

ip link set lo up
ip link add eth0 type veth peer name peer0
ip link set peer0 up
ip address add 10.0.0.5/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.0.1

# The machine's own tree below, everything that is written in memory.
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
root=/mnt/root
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
mount -t cgroup2 none $root/sys/fs/cgroup
for name in dev run tmp; do mount -t tmpfs tmpfs $root/$name; done
for name in null zero full random urandom tty; do
    touch $root/dev/$name
    mount --bind /dev/$name $root/dev/$name
done
mkdir $root/dev/pts $root/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
mount -t tmpfs tmpfs $root/dev/shm
mount --bind "$folder/var" $root/var/lib
mkdir -p $root/var/lib/systemd $root/out
mount --bind "$folder/out" $root/out

# This machine's own services stay out; of systemd only what a service manager cannot do without.
units=$root/usr/lib/systemd/system
rm -rf $root/etc/systemd/system/*.wants $root/etc/systemd/system/*.requires $root/etc/resolv.conf $units/*.wants
: >$root/etc/resolv.conf
echo native-1 >$root/etc/hostname
echo 0123456789abcdef0123456789abcdef >$root/etc/machine-id
cp -a "$folder/payload/." $root/
mkdir -p $units/{sockets,sysinit,multi-user}.target.wants $root/etc/igneous/roles.d
ln -s ../dbus.socket ../systemd-journald.socket ../systemd-journald-dev-log.socket $units/sockets.target.wants/
ln -s ../systemd-journald.service ../systemd-tmpfiles-setup.service $units/sysinit.target.wants/
echo '[Unit]' >$units/network-online.target
while read -r role; do touch "$root/etc/igneous/roles.d/$role"; done <"$folder/roles"
cp "$folder/probe.sh" $root/probe.sh
cat >$units/probe.service <<'UNIT'
[Unit]
After=igneous.target igneous-health.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/bin/bash /probe.sh >/out/log 2>&1; echo $? >/out/exit'
UNIT
ln -s ../probe.service $units/multi-user.target.wants/

# A container's root is the image, with the mount points that a bake puts into it, and read-only.
for image in "$folder"/rootfs/*/; do
    name=$(basename "$image")
    mkdir -p "$root/usr/lib/igneous/containers/$name/rootfs"
    mount -t overlay overlay -o "lowerdir=$folder/mountpoints/$name:$folder/rootfs/$name" \
        "$root/usr/lib/igneous/containers/$name/rootfs"
done

cd $root
mkdir .machine
pivot_root . .machine
cd /
umount -l /.machine
export container=igneous
exec /lib/systemd/systemd --unit=multi-user.target --show-status=false
