import type { FleetStatus, GroupStatus } from "./fleet-status.ts";
import { shortBuild } from "./rollout-target.ts";

/** A fleet's status in one screen; of so many rows, where the screen is a terminal that cannot be scrolled. */
export function renderFleetStatus(status: FleetStatus, rows = Number.POSITIVE_INFINITY): string {
  const rest = otherLines(status);
  const whole = [...status.groups.flatMap(groupLines), ...rest];
  return `${(whole.length < rows ? whole : fitted(status, rest, rows - 1)).join("\n")}\n`;
}

/** First what a person should see. */
function fitted({ groups }: FleetStatus, rest: readonly string[], rows: number): readonly string[] {
  const calm = groups.filter(({ isCalm }) => isCalm);
  const sum = (of: readonly GroupStatus[]): number => of.reduce((all, { inService }) => all + inService, 0);
  const folded =
    calm.length === 0
      ? []
      : [
          `${calm.length} ${calm.length === 1 ? "group" : "groups"} where nothing is to be seen: all ${sum(calm)} instances are in service`,
        ];
  const lines = [...groups.filter(({ isCalm }) => !isCalm).flatMap(groupLines), ...folded];
  const room = rows - rest.length;
  if (lines.length <= room) return [...lines, ...rest];
  const kept = Math.max(1, room - 1);
  return [
    ...lines.slice(0, kept),
    `… ${lines.length - kept} more lines: igneous status --group NAME`,
    ...rest,
  ];
}

function groupLines(group: GroupStatus): readonly string[] {
  const others = Object.entries(group.others).map(([state, count]) => `, ${count} ${state}`);
  const unhealthy = group.unhealthy === 0 ? "" : `, ${group.unhealthy} unhealthy`;
  return [
    `${group.name} in ${group.region}: ${group.inService} of ${group.desired} in service${others.join("")}${unhealthy}`,
    `  ${group.summary}`,
    ...group.running.map(({ count, buildId, imageId, templateVersion, commits, examples }) => {
      const build = buildId === null ? "not in the lock" : `build ${shortBuild(buildId)}`;
      const booted =
        commits.length === 0 ? "" : `  commit ${commits.map((id) => id.slice(0, 12)).join(", ")}`;
      return `  ${String(count).padStart(5)}  ${build}  ${imageId ?? "?"}  version ${templateVersion ?? "?"}  ${examples[0] ?? ""}${booted}`;
    }),
    ...group.warnings.map((message) => `  mind: ${message}`),
    ...group.drift.map(({ message }) => `  drift: ${message}`),
    ...(group.next === null ? [] : [`  next: ${group.next}`]),
  ];
}

function otherLines({ missing, waiting, failures, calls }: FleetStatus): readonly string[] {
  return [
    ...missing.map(({ name, region }) => `${name} in ${region}: there is no such group`),
    ...waiting.map(({ name, region }) => `${name} in ${region}: no answer yet`),
    ...failures.flatMap(({ region, groups, message }) => [
      ...groups.map((name) => `${name} in ${region}: not known`),
      `${region} could not be read: ${message.startsWith(`${region} `) ? message.replace(region, "it") : message}`,
    ]),
    ...(failures.length === 0
      ? []
      : ["  next: check the network and that the region answers this machine, then run it again"]),
    calls === 1 ? "1 API call" : `${calls} API calls`,
  ];
}
