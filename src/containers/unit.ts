import { type ContainerEntry, paths } from "./container-entry.ts";

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
