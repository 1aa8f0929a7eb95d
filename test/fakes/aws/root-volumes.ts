import type { EnterStandbyCommandInput, ExitStandbyCommandInput } from "@aws-sdk/client-auto-scaling";
import type {
  CreateReplaceRootVolumeTaskCommandInput,
  DescribeInstanceStatusCommandInput,
  DescribeReplaceRootVolumeTasksCommandInput,
} from "@aws-sdk/client-ec2";
import type { Member } from "./fleet.ts";
import { findGroup } from "./fleet-groups.ts";
import { wake } from "./group-engine.ts";
import { AwsError, type Call, type Handlers } from "./service.ts";
import type { World } from "./world.ts";

/** How long a replacement takes; the status checks need a while after it. _unverified_ */
const replaceMs = 60_000;
const checksMs = 120_000;

interface Task {
  readonly id: string;
  readonly instance: string;
  readonly imageId: string;
  readonly at: number;
  readonly fails: boolean;
}

export function rootVolumeHandlers(world: World): Handlers {
  const tasks: Task[] = [];
  const stateOf = (task: Task, now: number): string =>
    now < task.at + replaceMs ? "in-progress" : task.fails ? "failed" : "succeeded";
  const shown = (task: Task, now: number): object => ({
    ReplaceRootVolumeTaskId: task.id,
    InstanceId: task.instance,
    ImageId: task.imageId,
    TaskState: stateOf(task, now),
    StartTime: new Date(task.at).toISOString(),
  });
  return {
    CreateReplaceRootVolumeTask: (input: CreateReplaceRootVolumeTaskCommandInput, call) => {
      const member = memberOf(world, call, input.InstanceId ?? "");
      const imageId = input.ImageId ?? member.imageId;
      const image = world.images.get(imageId);
      if (image === undefined || image.deregisteredAt !== undefined) {
        throw new AwsError("InvalidAMIID.NotFound", `The image id '[${imageId}]' does not exist`);
      }
      const fails = world.fleet.images.get(imageId) === "gone";
      const task = { id: world.newId("replacevol"), instance: member.id, imageId, at: call.now, fails };
      tasks.push(task);
      call.clock.at(call.now + replaceMs, () => {
        if (!fails) member.imageId = imageId;
      });
      return { ReplaceRootVolumeTask: { ...shown(task, call.now), TaskState: "pending" } };
    },
    DescribeReplaceRootVolumeTasks: (input: DescribeReplaceRootVolumeTasksCommandInput, call) => ({
      ReplaceRootVolumeTasks: tasks
        .filter(({ id }) => input.ReplaceRootVolumeTaskIds?.includes(id) ?? true)
        .map((task) => shown(task, call.now)),
    }),
    DescribeInstanceStatus: (input: DescribeInstanceStatusCommandInput, call) => ({
      InstanceStatuses: (input.InstanceIds ?? []).map((InstanceId) => {
        const member = memberOf(world, call, InstanceId);
        const last = tasks.findLast(({ instance }) => instance === InstanceId);
        const isNew = last !== undefined && call.now < last.at + replaceMs + checksMs;
        const isSick = world.fleet.images.get(member.imageId) === "unhealthy";
        const Status = isNew ? "initializing" : isSick ? "impaired" : "ok";
        return {
          InstanceId,
          InstanceState: { Name: "running", Code: 16 },
          InstanceStatus: { Status },
          SystemStatus: { Status: "ok" },
        };
      }),
    }),
  };
}

/** Standby, in which a group leaves its instances alone. */
export function standbyHandlers(world: World): Handlers {
  const move = (call: Call, name: string | undefined, ids: readonly string[], to: string): object => {
    const group = findGroup(world, call, name);
    for (const id of ids) {
      const member = memberOf(world, call, id);
      member.lifecycle = to;
      member.since = call.now;
    }
    group.desired += to === "Standby" ? -ids.length : ids.length;
    wake(world, group, call.clock);
    return { Activities: [] };
  };
  return {
    EnterStandby: (input: EnterStandbyCommandInput, call) => {
      const group = findGroup(world, call, input.AutoScalingGroupName);
      const ids = input.InstanceIds ?? [];
      if (group.desired - ids.length < group.min) {
        throw new AwsError("ValidationError", `AutoScalingGroup ${group.name} has min-size=${group.min}`);
      }
      return move(call, group.name, ids, "Standby");
    },
    ExitStandby: (input: ExitStandbyCommandInput, call) =>
      move(call, input.AutoScalingGroupName, input.InstanceIds ?? [], "InService"),
  };
}

function memberOf(world: World, { region }: Call, id: string): Member {
  for (const group of world.fleet.groups) {
    const member = group.region === region ? group.members.find((one) => one.id === id) : undefined;
    if (member !== undefined) return member;
  }
  throw new AwsError("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
}
