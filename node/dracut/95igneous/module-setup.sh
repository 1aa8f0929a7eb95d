#!/bin/bash
# Dracut module of igneous: what Debian's ignition and ostree modules leave to the distribution.
# shellcheck disable=SC2154 # dracut sets moddir, initdir and the folders of systemd
# It runs inside the base tree while the base is composed (node/compose/configure.sh), never on a node.

check() {
    return 255
}

depends() {
    echo ignition ostree systemd systemd-networkd systemd-sysusers systemd-tmpfiles
}

# Root disk and network of QEMU and EC2 (Nitro and Xen), and QEMU's fw_cfg, where Ignition finds its config.
installkernel() {
    hostonly='' instmods \
        ext4 nvme virtio_blk virtio_scsi virtio_pci xen-blkfront \
        ena virtio_net xen-netfront ixgbevf \
        qemu_fw_cfg
}

install() {
    inst_multiple mount umount realpath sed setfiles systemd-sysusers systemd-tmpfiles
    inst_script "$moddir/igneous-sysroot" /usr/libexec/igneous-sysroot

    inst_simple "$moddir/igneous-sysroot.service" "$systemdsystemunitdir/igneous-sysroot.service"
    mkdir -p "$initdir$systemdsystemunitdir/ignition-complete.target.requires"
    ln_r "$systemdsystemunitdir/igneous-sysroot.service" \
        "$systemdsystemunitdir/ignition-complete.target.requires/igneous-sysroot.service"

    inst_multiple sleep systemctl
    inst_script "$moddir/igneous-limit" /usr/libexec/igneous-limit
    inst_simple "$moddir/igneous-limit.service" "$systemdsystemunitdir/igneous-limit.service"
    mkdir -p "$initdir$systemdsystemunitdir/initrd.target.wants"
    ln_r "$systemdsystemunitdir/igneous-limit.service" \
        "$systemdsystemunitdir/initrd.target.wants/igneous-limit.service"

    inst_simple "$moddir/selinux/config" /usr/share/igneous/selinux/config
    inst_simple "$moddir/selinux/none/contexts/files/file_contexts" \
        /usr/share/igneous/selinux/none/contexts/files/file_contexts

    # Dracut starts networkd in every boot; here only Ignition may ask for it, on a first boot (igneous-neednet.conf).
    for unit in systemd-networkd.service systemd-networkd.socket systemd-network-generator.service \
        systemd-networkd-wait-online.service; do
        $SYSTEMCTL -q --root "$initdir" disable "$unit"
    done
    rm -f "$initdir"/usr/lib/dracut/hooks/cmdline/99-networkd-config.sh \
        "$initdir"/usr/lib/dracut/hooks/initqueue/settled/99-networkd-run.sh
    inst_script "$moddir/igneous-resolv" /usr/libexec/igneous-resolv
    inst_simple "$moddir/igneous-resolv.conf" "$systemdsystemunitdir/ignition-fetch.service.d/igneous-resolv.conf"
    inst_simple "$moddir/igneous-neednet.conf" \
        "$systemdsystemunitdir/systemd-networkd.service.d/igneous-neednet.conf"
    ln_r "$systemdsystemunitdir/systemd-networkd.service" \
        "$systemdsystemunitdir/ignition-complete.target.requires/systemd-networkd.service"
}
