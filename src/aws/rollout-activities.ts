import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";

/** Something that AWS did to an instance of a group while it was rolled. */
export interface InstanceEvent {
  readonly at: string;
  readonly what: "launched" | "terminated" | "failed";
  /** Absent when nothing could be launched. */
  readonly instanceId?: string;
  /** AWS's words, when it is about a failure or about health. */
  readonly reason?: string;
}

const pageSize = 100;
const pages = 10;

/** What happened to a group's instances since a time, oldest first; at most a thousand events. */
export async function readInstanceEvents(
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  since: string,
): Promise<readonly InstanceEvent[]> {
  const autoScaling = await aws.autoScaling(group.region);
  const events: InstanceEvent[] = [];
  let NextToken: string | undefined;
  try {
    for (let count = 0; count < pages; count++) {
      const answer = await autoScaling.describeScalingActivities({
        AutoScalingGroupName: group.name,
        MaxRecords: pageSize,
        ...(NextToken === undefined ? {} : { NextToken }),
      });
      for (const {
        StartTime,
        Description = "",
        Cause = "",
        StatusCode,
        StatusMessage,
      } of answer.Activities ?? []) {
        const at = StartTime?.toISOString() ?? "";
        if (at < since) return events.toReversed();
        const instanceId = /\bi-[0-9a-f]+/u.exec(Description)?.[0];
        const isFailed = StatusCode === "Failed" || StatusCode === "Cancelled";
        const reason = isFailed ? StatusMessage : /health check/iu.test(Cause) ? Cause : undefined;
        events.push({
          at,
          what: isFailed ? "failed" : Description.startsWith("Launching") ? "launched" : "terminated",
          ...(instanceId === undefined ? {} : { instanceId }),
          ...(reason === undefined ? {} : { reason }),
        });
      }
      NextToken = answer.NextToken;
      if (NextToken === undefined) break;
    }
  } catch (error) {
    // A report must not hide the rollout that it is about.
    if (awsErrorCode(error) === "") throw error;
  }
  return events.toReversed();
}
