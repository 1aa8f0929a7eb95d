import type { Json } from "../core/json.ts";
import type { ContainerEntry } from "./container-entry.ts";
import type { MountSpec } from "./container-spec.ts";
import { findUser, type ImageConfig, processArgs, processEnv } from "./image-config.ts";
import { seccompProfile } from "./seccomp.ts";

const hiddenPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];
const readOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** Names and addresses come from the node: small images have neither file, and cannot look up even `localhost`. */
const nameFiles: readonly MountSpec[] = [
  { source: "/etc/hosts", destination: "/etc/hosts", file: true },
  { source: "/etc/resolv.conf", destination: "/etc/resolv.conf", file: true },
];

/** systemd's readiness socket alone, for containers that do not have the node's /run. */
const notifySocket: MountSpec = {
  source: "/run/systemd/notify",
  destination: "/run/notify",
  readOnly: false,
  file: true,
};

/**
 * The OCI runtime configuration of a container: read-only root, no capability and no mount that was not asked for.
 * Placeholders such as `@NODE_NAME@` stay; the node fills them in at boot.
 * https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function renderRuntimeConfig(entry: ContainerEntry, image: ImageConfig): Json {
  const user = findUser(entry, image) ?? { uid: 65_534, gid: 65_534 };
  const capabilities = entry.privileged ? allCapabilities : entry.capabilities;
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { ...user, additionalGids: entry.groups },
      args: processArgs(entry, image),
      env: processEnv(withNotifySocket(entry), image),
      cwd: image.WorkingDir === undefined || image.WorkingDir === "" ? "/" : image.WorkingDir,
      capabilities: capabilitySets(capabilities, user.uid),
      noNewPrivileges: !entry.privileged,
    },
    root: { path: "rootfs", readonly: true },
    mounts: [...systemMounts(entry), ...containerMounts(entry).map(bindMount)],
    linux: {
      namespaces: entry.namespaces.map((type) => ({ type })),
      rootfsPropagation: entry.privileged ? "rshared" : "rslave",
      ...(entry.privileged || entry.writableSysctls
        ? {}
        : { maskedPaths: hiddenPaths, readonlyPaths: readOnlyPaths }),
      ...(entry.privileged ? {} : { seccomp: { ...seccompProfile() } as unknown as Json }),
    },
  };
}

/** Every bind mount of the container, sorted so that a parent comes before what is mounted below it. */
export function containerMounts(entry: ContainerEntry): readonly MountSpec[] {
  const given = new Set(entry.mounts.map(({ destination }) => destination));
  const notify = entry.type === "notify" && !given.has("/run") ? [notifySocket] : [];
  const mounts = [...nameFiles, ...notify, ...entry.mounts].filter(
    (mount, index, all) => all.findLastIndex((other) => other.destination === mount.destination) === index,
  );
  return mounts.sort((a, b) => (a.destination < b.destination ? -1 : 1));
}

function withNotifySocket(entry: ContainerEntry): ContainerEntry {
  if (entry.type !== "notify" || entry.env["NOTIFY_SOCKET"] !== undefined) return entry;
  return { ...entry, env: { ...entry.env, NOTIFY_SOCKET: notifySocket.destination } };
}

function systemMounts(entry: ContainerEntry): readonly Json[] {
  const proc = { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] };
  const tmp = {
    destination: "/tmp",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"],
  };
  if (entry.privileged) return [proc, tmp];
  const devices = {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"],
  };
  return [proc, devices, tmp];
}

function bindMount(mount: MountSpec): Json {
  const access = mount.readOnly === false ? "rw" : "ro";
  const options = ["rbind", access, mount.propagation ?? "rslave", "nosuid"];
  const devices = mount.destination === "/dev" ? [] : ["nodev"];
  return {
    destination: mount.destination,
    type: "bind",
    source: mount.source,
    options: mount.propagation === "rshared" ? ["rbind", access, "rshared"] : [...options, ...devices],
  };
}

function capabilitySets(capabilities: readonly string[], uid: number): Json {
  const sets = { bounding: capabilities, effective: capabilities, permitted: capabilities };
  // A process that is not root keeps capabilities over execve only as ambient ones.
  return uid === 0 ? sets : { ...sets, inheritable: capabilities, ambient: capabilities };
}

const allCapabilities: readonly string[] = (
  "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER " +
  "FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE " +
  "NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE " +
  "SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM"
)
  .split(" ")
  .map((name) => `CAP_${name}`);
