import { type ContainerEntry, paths } from "./container-entry.ts";
import { containerMounts } from "./runtime-config.ts";

const crun = "/usr/bin/crun --cgroup-manager=disabled";

/**
 * The systemd unit of a container. Dependencies between containers are order and wish only (After, Wants): with Requires,
 * a first start that fails would cancel everything behind it for good, although the restart a moment later succeeds.
 */
export function renderUnit(entry: ContainerEntry): string {
  const after = entry.after.map(unitName);
  const unit = [
    `Description=${entry.description}`,
    "Requires=igneous-node.service",
    `After=${["igneous-node.service", ...after].join(" ")}`,
    ...(after.length === 0 ? [] : [`Wants=${after.join(" ")}`]),
    ...entry.conditions.map((path) => `ConditionPathExists=${path}`),
    ...(entry.roles.length === 0 ? [] : [...entry.roles, entry.name].map(roleCondition)),
    "StartLimitIntervalSec=0",
  ];
  const service = [
    `Type=${entry.type}`,
    "NotifyAccess=all",
    // Given the variable, crun would make a socket of its own that a container without root cannot reach.
    "UnsetEnvironment=NOTIFY_SOCKET",
    `ExecStartPre=-${crun} delete --force ${entry.name}`,
    `ExecStart=${crun} run --config ${paths.runtime}/containers/${entry.name}.json --bundle ${paths.containers}/${entry.name} ${entry.name}`,
    ...(entry.ready === undefined ? [] : [`ExecStartPost=${paths.libexec}/igneous-ready ${entry.name}`]),
    `ExecStopPost=-${crun} delete --force ${entry.name}`,
    "Restart=always",
    "RestartSec=3",
    "TimeoutStartSec=900",
    `TimeoutStopSec=${entry.stopSeconds}`,
    "KillMode=mixed",
    `SyslogIdentifier=${entry.name}`,
    `OOMScoreAdjust=${entry.oomScore}`,
    "Slice=igneous.slice",
    "LimitNOFILE=1048576",
    "TasksMax=infinity",
    ...hardening(entry),
  ];
  return (
    section("Unit", unit) + section("Service", service) + section("Install", ["WantedBy=igneous.target"])
  );
}

/** `etcd` → `etcd.service`; the name of a unit stays. */
export function unitName(name: string): string {
  return /\.(?:service|target|mount|socket)$/u.test(name) ? name : `${name}.service`;
}

/** One `[Section]` of a unit file, with a blank line after it. */
export function section(name: string, lines: readonly string[]): string {
  return `[${name}]\n${lines.join("\n")}\n\n`;
}

/** Any one of the triggering conditions is enough; the container's own name works as a role of its own. */
function roleCondition(role: string): string {
  return `ConditionPathExists=|${paths.roles}/${role}`;
}

/**
 * What crun itself is kept from, on top of what it keeps the container from. Not for a container whose mounts travel to
 * the node: most of these give the unit a mount namespace of its own. Not RestrictSUIDSGID: it takes openat2 away, and
 * crun 1.21 cannot make device nodes without ("cannot resolve `null` under rootfs").
 */
function hardening(entry: ContainerEntry): readonly string[] {
  if (entry.privileged) return [];
  const writable = containerMounts(entry).filter(({ readOnly }) => readOnly === false);
  const sources = writable.map(({ source }) => source).filter((path) => !path.startsWith("/run"));
  return [
    "UMask=0077",
    "NoNewPrivileges=yes",
    `CapabilityBoundingSet=${[...crunCapabilities, ...entry.capabilities].sort().join(" ")}`,
    "ProtectSystem=strict",
    `ReadWritePaths=${["/run", ...sources].join(" ")}`,
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    ...(entry.writableSysctls ? [] : ["ProtectKernelTunables=yes"]),
    "DevicePolicy=closed",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    `RestrictNamespaces=${["mnt", "pid", "ipc", "uts", "net", "cgroup"].join(" ")}`,
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures=native",
    "SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap",
    "SystemCallErrorNumber=EPERM",
  ];
}

/** crun mounts, makes device nodes, changes user, drops capabilities and ends processes of other users. */
const crunCapabilities = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_ADMIN",
];
