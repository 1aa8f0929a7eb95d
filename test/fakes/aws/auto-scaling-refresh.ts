import type {
  CancelInstanceRefreshCommandInput,
  DescribeInstanceRefreshesCommandInput,
  RollbackInstanceRefreshCommandInput,
  StartInstanceRefreshCommandInput,
} from "@aws-sdk/client-auto-scaling";
import { findGroup } from "./fleet-groups.ts";
import { wake } from "./group-engine.ts";
import { describeRefreshes } from "./refresh-description.ts";
import { startCancel, startRollback } from "./refresh-end.ts";
import { checkDesired, checkReversible, checkRootVolume, echo, readPreferences } from "./refresh-rules.ts";
import { activeRefresh, type Refresh } from "./refresh-state.ts";
import { AwsError, type Call, type Handlers } from "./service.ts";
import type { World } from "./world.ts";

export function instanceRefreshHandlers(world: World): Handlers {
  return {
    StartInstanceRefresh: (input: StartInstanceRefreshCommandInput, call) => start(world, input, call),
    DescribeInstanceRefreshes: (input: DescribeInstanceRefreshesCommandInput, call) =>
      describeRefreshes(world, input, call),
    CancelInstanceRefresh: (input: CancelInstanceRefreshCommandInput, call) => cancel(world, input, call),
    RollbackInstanceRefresh: (input: RollbackInstanceRefreshCommandInput, call) =>
      rollback(world, input, call),
  };
}

function start(world: World, input: StartInstanceRefreshCommandInput, call: Call): object {
  const group = findGroup(world, call, input.AutoScalingGroupName);
  if (activeRefresh(group) !== undefined) {
    const text =
      "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.";
    throw new AwsError("InstanceRefreshInProgress", text);
  }
  const strategy = input.Strategy ?? "Rolling";
  const preferences = readPreferences(world, group, input);
  if (strategy === "ReplaceRootVolume") checkRootVolume(group, input);
  if (input.DesiredConfiguration !== undefined) checkDesired(world, group, input);
  const id = `00000000-0000-4000-8000-${world.newId("refresh").slice(-12)}`;
  const refresh: Refresh = {
    id,
    strategy,
    desired: input.DesiredConfiguration,
    preferences,
    echoed: echo(input, preferences),
    requestedAt: call.now,
    status: "Pending",
    reason: undefined,
    startedAt: undefined,
    endedAt: undefined,
    percent: 0,
    toUpdate: 0,
    launched: new Set(),
    kept: new Set(),
    checkpoint: preferences.checkpoints?.[0] ?? 100,
    checkpointAt: undefined,
    progressAt: call.now,
    readyBefore: 0,
    bakeUntil: undefined,
    nextLaunchAt: call.now,
    waitForTransitions: true,
    rollback: undefined,
  };
  group.refreshes.unshift(refresh);
  wake(world, group, call.clock);
  return { InstanceRefreshId: refresh.id };
}

function cancel(world: World, input: CancelInstanceRefreshCommandInput, call: Call): object {
  const group = findGroup(world, call, input.AutoScalingGroupName);
  const refresh = activeRefresh(group);
  if (refresh === undefined) {
    const text = `No in progress, baking, pending, or cancelling Instance Refresh found for Auto Scaling group ${group.name}.`;
    throw new AwsError("ActiveInstanceRefreshNotFound", text);
  }
  startCancel(refresh, input.WaitForTransitioningInstances ?? true, call.now);
  wake(world, group, call.clock);
  return { InstanceRefreshId: refresh.id };
}

function rollback(world: World, input: RollbackInstanceRefreshCommandInput, call: Call): object {
  const group = findGroup(world, call, input.AutoScalingGroupName);
  const refresh = activeRefresh(group);
  if (refresh === undefined || !["InProgress", "Baking"].includes(refresh.status)) {
    const text = `No in progress or baking Instance Refresh found for Auto Scaling group ${group.name}.`;
    throw new AwsError("ActiveInstanceRefreshNotFound", text);
  }
  const refuse = (message: string): AwsError => new AwsError("IrreversibleInstanceRefresh", message);
  checkReversible(world, group, refresh.desired !== undefined, refuse);
  startRollback(group, refresh, call.now, "Rollback triggered due to user request.");
  return { InstanceRefreshId: refresh.id };
}
