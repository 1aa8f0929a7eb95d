import type { FleetStatus } from "./fleet-status.ts";
import { shortBuild } from "./rollout-target.ts";

/** A fleet's status in one screen. */
export function renderFleetStatus(status: FleetStatus): string {
  const lines: string[] = [];
  for (const group of status.groups) {
    const others = Object.entries(group.others).map(([state, count]) => `, ${count} ${state}`);
    lines.push(
      `${group.name} in ${group.region}: ${group.inService} of ${group.desired} in service${others.join("")}${group.unhealthy === 0 ? "" : `, ${group.unhealthy} unhealthy`}`,
    );
    lines.push(`  ${group.summary}`);
    for (const { count, buildId, imageId, templateVersion, commits, examples } of group.running) {
      const build = buildId === null ? "not in the lock" : `build ${shortBuild(buildId)}`;
      const booted =
        commits.length === 0 ? "" : `  commit ${commits.map((id) => id.slice(0, 12)).join(", ")}`;
      lines.push(
        `  ${String(count).padStart(5)}  ${build}  ${imageId ?? "?"}  version ${templateVersion ?? "?"}  ${examples[0] ?? ""}${booted}`,
      );
    }
    for (const message of group.warnings) lines.push(`  mind: ${message}`);
    for (const { message } of group.drift) lines.push(`  drift: ${message}`);
    if (group.next !== null) lines.push(`  next: ${group.next}`);
  }
  for (const { name, region } of status.missing) lines.push(`${name} in ${region}: there is no such group`);
  for (const { region, groups, message } of status.failures) {
    for (const name of groups) lines.push(`${name} in ${region}: not known`);
    lines.push(
      `${region} could not be read: ${message.startsWith(`${region} `) ? message.replace(region, "it") : message}`,
    );
  }
  if (status.failures.length > 0)
    lines.push("  next: check the network and that the region answers this machine, then run it again");
  lines.push(status.calls === 1 ? "1 API call" : `${status.calls} API calls`);
  return `${lines.join("\n")}\n`;
}
