import type { Aws } from "./apis.ts";
import type { RefreshState } from "./fleet-status-types.ts";
import { awsErrorCode } from "./failure.ts";

/** Why a refresh did not succeed, in the order in which an SRE would ask: AWS's reason, then what launching and health said. */
export async function explainRefresh(
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  refresh: RefreshState,
): Promise<readonly string[]> {
  const lines: string[] = [];
  if (refresh.rollback !== undefined) lines.push(`AWS turned back: ${refresh.rollback.reason}`);
  if (refresh.reason !== undefined && refresh.reason !== refresh.rollback?.reason) lines.push(refresh.reason);
  const activities = await recentActivities(aws, group, refresh.startedAt);
  const failures = new Map<string, number>();
  for (const { StatusMessage, StatusCode } of activities) {
    if (StatusCode !== "Failed" && StatusCode !== "Cancelled") continue;
    const text = StatusMessage ?? "an activity failed without a message";
    failures.set(text, (failures.get(text) ?? 0) + 1);
  }
  for (const [text, count] of failures) lines.push(count === 1 ? text : `${text} (${count} times)`);
  const sick = activities.filter(({ Cause }) => /health check/iu.test(Cause ?? ""));
  if (sick.length > 0) {
    const example = /i-[0-9a-f]+/u.exec(sick[0]?.Description ?? "")?.[0];
    lines.push(
      `${sick.length} new ${sick.length === 1 ? "instance" : "instances"} failed the health check${example === undefined ? "" : `, such as ${example}`}`,
    );
  }
  return lines;
}

async function recentActivities(
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  since: string | undefined,
) {
  const autoScaling = await aws.autoScaling(group.region);
  try {
    const { Activities } = await autoScaling.describeScalingActivities({
      AutoScalingGroupName: group.name,
      MaxRecords: 100,
    });
    const from = since === undefined ? 0 : Date.parse(since);
    return (Activities ?? []).filter(({ StartTime }) => (StartTime?.getTime() ?? 0) >= from);
  } catch (error) {
    // The explanation must not hide what it explains.
    if (awsErrorCode(error) === "") throw error;
    return [];
  }
}
