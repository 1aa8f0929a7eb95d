import type { InstanceRefresh } from "@aws-sdk/client-auto-scaling";
import type { Aws } from "./apis.ts";
import type { RefreshState } from "./fleet-status-types.ts";

/** A refresh of a group by its id, or undefined when AWS does not show it (yet). */
export async function findRefresh(
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  id: string,
): Promise<RefreshState | undefined> {
  const autoScaling = await aws.autoScaling(group.region);
  const { InstanceRefreshes } = await autoScaling.describeInstanceRefreshes({
    AutoScalingGroupName: group.name,
    InstanceRefreshIds: [id],
  });
  const found = InstanceRefreshes?.[0];
  return found === undefined ? undefined : refreshState(found);
}

/** The newest refreshes of a group, newest first. */
export async function listRefreshes(
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  limit: number,
): Promise<readonly RefreshState[]> {
  const autoScaling = await aws.autoScaling(group.region);
  const { InstanceRefreshes } = await autoScaling.describeInstanceRefreshes({
    AutoScalingGroupName: group.name,
    MaxRecords: limit,
  });
  return (InstanceRefreshes ?? []).map(refreshState);
}

export function refreshState(refresh: InstanceRefresh): RefreshState {
  const { DesiredConfiguration: desired, RollbackDetails: rollback } = refresh;
  const mixed = desired?.MixedInstancesPolicy?.LaunchTemplate;
  const named = mixed?.LaunchTemplateSpecification ?? desired?.LaunchTemplate;
  const imageId = mixed?.Overrides?.[0]?.ImageId;
  return {
    id: refresh.InstanceRefreshId ?? "",
    status: refresh.Status ?? "Pending",
    strategy: refresh.Strategy ?? "Rolling",
    ...optional("reason", refresh.StatusReason),
    ...optional("percent", refresh.PercentageComplete),
    ...optional("toUpdate", refresh.InstancesToUpdate),
    ...optional("startedAt", refresh.StartTime?.toISOString()),
    ...optional("endedAt", refresh.EndTime?.toISOString()),
    ...optional("checkpoints", refresh.Preferences?.CheckpointPercentages),
    ...(desired === undefined
      ? {}
      : {
          desired: {
            ...optional("templateId", named?.LaunchTemplateId),
            ...optional("version", named?.Version),
            ...optional("imageId", imageId),
          },
        }),
    ...(rollback === undefined
      ? {}
      : {
          rollback: {
            reason: rollback.RollbackReason ?? "",
            ...optional("startedAt", rollback.RollbackStartTime?.toISOString()),
            ...optional("percent", rollback.PercentageCompleteOnRollback),
          },
        }),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
