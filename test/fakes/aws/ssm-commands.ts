import type {
  DescribeInstanceInformationCommandInput,
  ListCommandInvocationsCommandInput,
  SendCommandCommandInput,
} from "@aws-sdk/client-ssm";
import { runScript } from "./node-scripts.ts";
import { nodeOf, type Sent } from "./nodes.ts";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import type { World } from "./world.ts";

const runMs = 3000;

export function ssmCommandHandlers(world: World): Handlers {
  return {
    SendCommand: (input: SendCommandCommandInput, call) => send(world, input, call),
    ListCommandInvocations: (input: ListCommandInvocationsCommandInput, call) => list(world, input, call),
    DescribeInstanceInformation: (input: DescribeInstanceInformationCommandInput, call) =>
      information(world, input, call),
  };
}

function send(world: World, input: SendCommandCommandInput, call: Call): object {
  const ids = input.InstanceIds ?? [];
  if (ids.length > 50) throw new AwsError("ValidationException", "at most 50 instance ids");
  if (input.DocumentName !== "AWS-RunShellScript") throw new AwsError("InvalidDocument", "no such document");
  const script = (input.Parameters?.["commands"] ?? []).join("\n");
  const answers: Sent["answers"] = new Map();
  for (const id of ids) {
    const node = nodeOf(world, id, call.region);
    if (node === undefined || node.offlineUntil > call.now) {
      throw new AwsError(
        "InvalidInstanceId",
        `Instances [[${id}]] not in a valid state for account ${call.account}`,
      );
    }
    const machine = world.nodes.machines.get(id);
    answers.set(id, machine === undefined ? runScript(world, id, node, script, call) : undefined);
    void machine?.(script).then((answer) => answers.set(id, answer));
  }
  const id = `00000000-0000-4000-9000-${world.newId("command").slice(-12)}`;
  world.nodes.commands.set(id, { at: call.now, script, region: call.region, answers });
  return {
    Command: { CommandId: id, InstanceIds: ids, Status: "Pending", RequestedDateTime: new Date(call.now) },
  };
}

function list(world: World, input: ListCommandInvocationsCommandInput, call: Call): object {
  const sent = world.nodes.commands.get(input.CommandId ?? "");
  if (sent === undefined || sent.region !== call.region)
    throw new AwsError("InvalidCommandId", "no such command");
  const isOver = call.now >= sent.at + runMs;
  const { items, nextToken } = page([...sent.answers], input.NextToken, input.MaxResults ?? 50);
  return {
    CommandInvocations: items.map(([InstanceId, answer]) => {
      const { output, code } = answer ?? { output: "", code: -1 };
      const isDone = answer !== undefined && (isOver || world.nodes.machines.has(InstanceId));
      const Status = isDone ? (code === 0 ? "Success" : "Failed") : "InProgress";
      const plugin = {
        Name: "aws:runShellScript",
        Status,
        ResponseCode: isDone ? code : -1,
        Output: isDone ? output.slice(0, 2500) : "",
      };
      return {
        CommandId: input.CommandId,
        InstanceId,
        Status,
        ...(input.Details === true ? { CommandPlugins: [plugin] } : {}),
      };
    }),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function information(world: World, input: DescribeInstanceInformationCommandInput, call: Call): object {
  const wanted = input.Filters?.find(({ Key }) => Key === "InstanceIds")?.Values ?? [];
  const { items, nextToken } = page(wanted, input.NextToken, input.MaxResults ?? 50);
  return {
    InstanceInformationList: items.flatMap((InstanceId) => {
      const node = nodeOf(world, InstanceId, call.region);
      if (node === undefined) return [];
      return [{ InstanceId, PingStatus: node.offlineUntil > call.now ? "ConnectionLost" : "Online" }];
    }),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}
