/** Packages of every node. Debian's essential ones come with them; recommended ones do not. */
export const nodePackages: readonly string[] = [
  // kernel, boot and the initrd
  "linux-image-cloud-amd64",
  "dracut",
  "dracut-network",
  "ignition",
  "ostree",
  "ostree-boot",
  "gdisk", // sgdisk: Ignition's partitions
  "dosfstools",
  "policycoreutils", // setfiles: Debian's Ignition calls it without asking
  "zstd",
  // system
  "dbus",
  "kmod",
  "libnss-myhostname",
  "libpam-systemd",
  "login",
  "mount",
  "netbase",
  "passwd",
  "procps",
  "systemd",
  "systemd-resolved",
  "systemd-sysv",
  "systemd-timesyncd",
  "tzdata",
  "udev",
  "util-linux",
  // first boot grows the root file system
  "e2fsprogs",
  "fdisk",
  // people
  "bash",
  "less",
  "openssh-server",
  "sudo",
  // network
  "ca-certificates",
  "conntrack",
  "curl",
  "ethtool",
  "iproute2",
  "iptables",
  "iputils-ping",
  "jq", // the node's own programs read the API with curl and jq
  "nftables",
  "openssl",
  "socat",
  // containers
  "containerd",
  "containernetworking-plugins",
  "crun",
];

/** Programs that shape bytes of the base, the host tree and the disk. They run from the lock, never from this machine. */
export const toolPackages: readonly string[] = [
  "apt",
  "bash",
  "cpio",
  "dosfstools",
  "e2fsprogs",
  "fdisk",
  "grub-common",
  "grub-efi-amd64-bin",
  "gzip",
  "kmod",
  "libcap2-bin",
  "mmdebstrap",
  "mount",
  "mtools",
  "ostree",
  "passwd",
  "tar",
  "util-linux",
  "xz-utils",
  "zstd",
];

/** What brings a policy of SELinux. */
export const policyPackage = "selinux-policy-default";

/** The tools that a base with these packages needs: OSTree runs the policy's own programs in a sandbox when it deploys. */
export function toolsFor(requested: readonly string[]): readonly string[] {
  return requested.includes(policyPackage) ? [...toolPackages, "bubblewrap"] : toolPackages;
}
