import type { DescribeInstanceRefreshesCommandInput } from "@aws-sdk/client-auto-scaling";
import { findTemplate } from "./ec2-launch-templates.ts";
import type { FleetGroup } from "./fleet.ts";
import { findGroup } from "./fleet-groups.ts";
import type { Refresh } from "./refresh-state.ts";
import { type Call, page } from "./service.ts";
import type { World } from "./world.ts";

export function describeRefreshes(
  world: World,
  input: DescribeInstanceRefreshesCommandInput,
  call: Call,
): object {
  const group = findGroup(world, call, input.AutoScalingGroupName);
  const found = group.refreshes.filter(
    ({ id, requestedAt }) =>
      call.now >= requestedAt + world.describeLagMs && (input.InstanceRefreshIds?.includes(id) ?? true),
  );
  const { items, nextToken } = page(found, input.NextToken, input.MaxRecords ?? 50);
  return {
    InstanceRefreshes: items.map((refresh) => describeRefresh(world, group, refresh, call.now)),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

/** Recorded: the details of a rollback are missing for a few seconds; a pending refresh has neither times nor numbers. */
const rollbackLagMs = 4000;

function describeRefresh(world: World, group: FleetGroup, refresh: Refresh, now: number): object {
  const { desired, rollback, startedAt, endedAt } = refresh;
  const template = desired?.LaunchTemplate;
  const named =
    template === undefined
      ? undefined
      : { ...template, LaunchTemplateName: findTemplate(world, group.region, template).name };
  return {
    InstanceRefreshId: refresh.id,
    AutoScalingGroupName: group.name,
    Status: refresh.status,
    Strategy: refresh.strategy,
    ...(refresh.reason === undefined ? {} : { StatusReason: refresh.reason }),
    ...(startedAt === undefined
      ? {}
      : {
          StartTime: new Date(startedAt),
          PercentageComplete: refresh.percent,
          InstancesToUpdate: refresh.toUpdate,
        }),
    ...(endedAt === undefined ? {} : { EndTime: new Date(endedAt) }),
    Preferences: refresh.echoed,
    ...(desired === undefined
      ? {}
      : { DesiredConfiguration: { ...desired, ...(named === undefined ? {} : { LaunchTemplate: named }) } }),
    ...(rollback === undefined || now < rollback.at + rollbackLagMs
      ? {}
      : {
          RollbackDetails: {
            RollbackReason: rollback.reason,
            RollbackStartTime: new Date(rollback.at),
            PercentageCompleteOnRollback: rollback.percent,
            InstancesToUpdateOnRollback: rollback.toUpdate,
          },
        }),
  };
}
