import type { Argv } from "../host/exec.ts";

export type Accelerator = "kvm" | "tcg";

export interface Forward {
  /** Port on this machine's loopback address; 0 lets QEMU choose. */
  readonly host: number;
  readonly guest: number;
}

/** A cable to another machine: one end listens on the loopback address, the other connects. */
export interface Link {
  readonly end: "listen" | "connect";
  readonly port: number;
  readonly mac: string;
}

/** What an EC2 instance finds around it; ports are of the loopback address. */
export interface Ec2Surroundings {
  readonly metadataPort: number;
  /** S3, whose names and certificate the machine is told at its start. */
  readonly store?: { readonly port: number; readonly hosts: readonly string[]; readonly certificate: string };
}

export interface MachinePlan {
  readonly accelerator: Accelerator;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** qcow2 image that takes all writes; a machine without one only runs its firmware. */
  readonly overlay?: string;
  /** Nothing written needs to survive a crash of this machine: QEMU never waits for the disk. */
  readonly throwaway?: boolean;
  readonly firmware: { readonly code: string; readonly variables: string };
  readonly serialLog: string;
  /** Path of a socket (at most 107 bytes) that takes what is typed at the serial console, where root is logged in without being asked. */
  readonly console?: string;
  readonly forwards: readonly Forward[];
  /** A second network card. */
  readonly link?: Link;
  /** Ignition configuration, given by the firmware configuration device. */
  readonly ignition?: string;
  /** Public key that may log in as root; given as a systemd credential, so that neither image nor Ignition knows it. */
  readonly rootKey?: string;
  /** Looks like an EC2 instance. */
  readonly ec2?: Ec2Surroundings;
}

/** The QEMU command of a machine: UEFI, no display, serial console to a file, QMP on standard input and output. */
export function qemuArgv(plan: MachinePlan): Argv {
  const options: readonly (readonly string[])[] = [
    ["-name", "igneous", "-nodefaults", "-no-user-config", "-display", "none"],
    // A SATA controller nobody uses costs an emulated boot ten seconds.
    ["-machine", "q35,sata=off", ...accelerate(plan.accelerator)],
    ["-smp", String(plan.cpus), "-m", `${Math.floor(plan.memoryBytes / 2 ** 20)}M`],
    ["-drive", `if=pflash,format=raw,readonly=on,file=${escape(plan.firmware.code)}`],
    ["-drive", `if=pflash,format=raw,file=${escape(plan.firmware.variables)}`],
    disk(plan),
    ["-device", "virtio-rng-pci"],
    ["-netdev", network(plan), "-device", "virtio-net-pci,netdev=net"],
    cable(plan.link),
    ["-chardev", serial(plan), "-serial", "chardev:serial"],
    ["-chardev", "stdio,id=qmp,signal=off", "-mon", "chardev=qmp,mode=control"],
    identity(plan),
  ];
  return ["qemu-system-x86_64", ...options.flat()];
}

/** The newest CPU that QEMU emulates without Meltdown, so that the guest needs no page-table isolation (slow in TCG). */
function accelerate(accelerator: Accelerator): readonly string[] {
  if (accelerator === "kvm") return ["-accel", "kvm", "-cpu", "host"];
  // cmpxchg16b of QEMU 7.2 is not atomic over several CPUs.
  return ["-accel", "tcg,thread=multi", "-cpu", "EPYC,-cx16"];
}

function disk({ overlay, throwaway, ec2 }: MachinePlan): readonly string[] {
  if (overlay === undefined) return [];
  const cache = throwaway === true ? "unsafe" : "writeback";
  const drive = `if=none,id=root,format=qcow2,cache=${cache},discard=unmap,file=${escape(overlay)}`;
  const device = ec2 === undefined ? "virtio-blk-pci,drive=root" : "nvme,drive=root,serial=vol0igneous";
  return ["-drive", drive, "-device", device];
}

function network({ forwards, ec2 }: MachinePlan): string {
  const ports = forwards.map(({ host, guest }) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`).join("");
  if (ec2 === undefined) return `user,id=net,ipv6=off${ports}`;
  const link = "net=169.254.169.0/24,host=169.254.169.2,dns=169.254.169.3,dhcpstart=169.254.169.15";
  const forward = (guest: string, port: number): string =>
    `,guestfwd=tcp:${guest}-cmd:socat - TCP:127.0.0.1:${port}`;
  const metadata = forward("169.254.169.254:80", ec2.metadataPort);
  const store = ec2.store === undefined ? "" : forward(`${storeAddress}:443`, ec2.store.port);
  return `user,id=net,ipv6=off,restrict=on,${link}${metadata}${store}${ports}`;
}

const storeAddress = "169.254.169.253";

/**
 * Lines of tmpfiles.d that make S3's names known where Ignition runs, the initramfs. Files that are there already stay.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.system-credentials.html
 */
function storeFiles({ hosts, certificate }: NonNullable<Ec2Surroundings["store"]>): string {
  const line = (path: string, text: string): string =>
    `f~ ${path} 0644 root root - ${Buffer.from(text).toString("base64")}\n`;
  const names = `127.0.0.1 localhost\n${storeAddress} ${hosts.join(" ")}\n`;
  return line("/etc/hosts", names) + line("/etc/ssl/certs/igneous-boot-check.pem", certificate);
}

function cable(link: Link | undefined): readonly string[] {
  if (link === undefined) return [];
  const { end, port, mac } = link;
  const netdev = `socket,id=link,${end}=127.0.0.1:${port}`;
  return ["-netdev", netdev, "-device", `virtio-net-pci,netdev=link,mac=${mac}`];
}

function serial({ serialLog, console }: MachinePlan): string {
  if (console === undefined) return `file,id=serial,path=${escape(serialLog)}`;
  return `socket,id=serial,path=${escape(console)},server=on,wait=off,logfile=${escape(serialLog)}`;
}

function identity({ ec2, ignition, rootKey, console }: MachinePlan): readonly string[] {
  const product = "type=1,manufacturer=Amazon EC2,product=m6i.large";
  const credential = (name: string, text: string): readonly string[] => {
    const value = Buffer.from(text).toString("base64");
    return ["-smbios", `type=11,value=io.systemd.credential.binary:${name}=${value}`];
  };
  return [
    ...(ec2 === undefined ? [] : ["-smbios", product]),
    ...(ignition === undefined ? [] : ["-fw_cfg", `name=opt/com.coreos/config,file=${escape(ignition)}`]),
    ...(rootKey === undefined ? [] : credential("ssh.authorized_keys.root", `${rootKey}\n`)),
    ...(ec2?.store === undefined ? [] : credential("tmpfiles.extra", storeFiles(ec2.store))),
    ...(console === undefined ? [] : consoleLogin),
  ];
}

/** agetty is to log root in, and login is to ask for no password; the one does nothing without the other. */
const consoleLogin = ["agetty.autologin=root", "login.noauth=yes"].flatMap((credential) => [
  "-smbios",
  `type=11,value=io.systemd.credential:${credential}`,
]);

/** In QEMU's option lists a comma in a value is written twice. */
function escape(value: string): string {
  return value.replaceAll(",", ",,");
}
