#!/bin/sh
# configure.sh: runs chrooted in a tree whose packages are installed, with the overlay of node/base already in place.
# Makes the initrd. Environment: SOURCE_DATE_EPOCH.
set -eu

kernel=$(ls /usr/lib/modules)
case $kernel in *[[:space:]]*) echo "more than one kernel is installed: $kernel" >&2; exit 1 ;; esac

# What must be the same for all is made here, at bake; keys, machine-id and the like are made by the node.
dracut --force --quiet --kver "$kernel" --no-hostonly --no-hostonly-cmdline --no-hostonly-i18n --no-early-microcode \
    --reproducible --compress 'zstd -6 -q -T0' --tmpdir /tmp \
    --add "ostree ignition systemd igneous" \
    --omit "nfs iscsi multipath lvm lvmmerge lvmthinpool-monitor mdraid cifs nbd fcoe fcoe-uefi btrfs crypt crypt-gpg crypt-loop dm dmraid nvmf \
        plymouth i18n terminfo rescue memstrack pcmcia nvdimm bluetooth drm network-manager network-legacy virtiofs virtfs overlay-root \
        systemd-cryptsetup systemd-hostnamed systemd-resolved systemd-timedated systemd-timesyncd systemd-coredump systemd-creds systemd-pcrphase \
        systemd-veritysetup systemd-integritysetup systemd-sysext systemd-portabled systemd-bsod tpm2-tss pkcs11 fido2 pcsc resume hwdb qemu-net \
        biosdevname lunmask shutdown kernel-modules-extra rngd console-setup usrmount" \
    "/usr/lib/modules/$kernel/initramfs.img"
mv "/boot/vmlinuz-$kernel" "/usr/lib/modules/$kernel/vmlinuz"
chmod 0644 "/usr/lib/modules/$kernel/initramfs.img"
