#!/bin/sh
# packer-base.sh SYSROOT COMMIT PORT KEYS: runs sshd of the base in the deployment COMMIT of SYSROOT, on PORT of the loopback
# address, for those whose keys are in KEYS. To ostree and to the programs in it, it looks booted. Run it in mount and PID
# namespaces of its own: unshare --mount --pid --fork --kill-child
set -eu
sysroot=$1 commit=$2 port=$3 keys=$4
root=$sysroot.root

mount --make-rprivate /
mkdir -p "$root"
mount --bind "$sysroot" "$sysroot"
mount --bind "$sysroot/ostree/deploy/igneous/deploy/$commit.0" "$root"
mount --bind "$sysroot" "$root/sysroot"
mount --bind "$sysroot/ostree/deploy/igneous/var" "$root/var"
mount --bind "$sysroot/boot" "$root/boot"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"

# What the initrd and the first boot leave.
touch "$root/run/ostree-booted"
target=$(sed -n 's/.*\(ostree=[^ ]*\).*/\1/p' "$sysroot"/boot/loader/entries/*.conf | head -n 1)
echo "root=LABEL=root $target ignition.firstboot" >"$sysroot.cmdline"
mount --bind "$sysroot.cmdline" "$root/proc/cmdline"
mkdir -p "$root/var/home/core/.ssh" "$root/var/roothome/.ssh" "$root/var/log/journal/0" "$root/var/lib/systemd" "$root/run/sshd"
mkdir -p "$root/var/tmp"
chmod 1777 "$root/var/tmp"
chmod 0700 "$root/var/roothome" "$root/var/roothome/.ssh"
cp "$keys" "$root/var/roothome/.ssh/authorized_keys"
cp "$keys" "$root/var/home/core/.ssh/authorized_keys"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
echo base-1 >"$root/etc/hostname"
echo 'core:x:1000:1000::/var/home/core:/bin/sh' >>"$root/etc/passwd"
echo '{}' >"$root/etc/.ignition-result.json"
touch "$root/var/log/journal/0/system.journal" "$root/var/lib/systemd/random-seed"
chroot "$root" ssh-keygen -A >/dev/null
exec chroot "$root" /usr/sbin/sshd -D -e -p "$port" -o ListenAddress=127.0.0.1 -o UsePAM=no -o PidFile=none
