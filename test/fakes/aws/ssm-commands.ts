import type {
  DescribeInstanceInformationCommandInput,
  ListCommandInvocationsCommandInput,
  SendCommandCommandInput,
} from "@aws-sdk/client-ssm";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import type { World } from "./world.ts";

/** A node as its agent and `igneous-host` show it. */
export interface Node {
  booted: string;
  previous: string | undefined;
  next: string;
  fellBack: string;
  /** Boots that a new deployment has left to become healthy; empty when it is. */
  triesLeft: string;
  /** Until when its agent does not answer. */
  offlineUntil: number;
}

export interface Nodes {
  readonly byInstance: Map<string, Node>;
  /** Commits that boot and never become healthy: GRUB falls back to the previous one. */
  readonly badCommits: Set<string>;
  /** Instances where every command fails. */
  readonly failing: Set<string>;
  readonly commands: Map<string, Sent>;
  /** Real machines behind instances: what runs a script there as root, instead of what we make up. */
  readonly machines: Map<string, (script: string) => Promise<Answer>>;
}

export interface Answer {
  readonly output: string;
  readonly code: number;
}

interface Sent {
  readonly at: number;
  readonly script: string;
  readonly region: string;
  /** Undefined while a real machine works. */
  readonly answers: Map<string, Answer | undefined>;
}

export function createNodes(): Nodes {
  return {
    byInstance: new Map(),
    badCommits: new Set(),
    failing: new Set(),
    commands: new Map(),
    machines: new Map(),
  };
}

const runMs = 3000;
const rebootMs = 90_000;
const healthyMs = 180_000;
const fallBackMs = 300_000;

export function ssmCommandHandlers(world: World): Handlers {
  return {
    SendCommand: (input: SendCommandCommandInput, call) => send(world, input, call),
    ListCommandInvocations: (input: ListCommandInvocationsCommandInput, call) => list(world, input, call),
    DescribeInstanceInformation: (input: DescribeInstanceInformationCommandInput, call) =>
      information(world, input, call),
  };
}

/** The node of a running instance; a fresh one runs commit "0…0". */
export function nodeOf(world: World, id: string, region: string): Node | undefined {
  const there = world.fleet.groups.some(
    (group) =>
      group.region === region &&
      group.members.some((member) => member.id === id && member.lifecycle === "InService"),
  );
  if (!there) return undefined;
  const known = world.nodes.byInstance.get(id);
  if (known !== undefined) return known;
  const node: Node = {
    booted: "0".repeat(64),
    previous: undefined,
    next: "0".repeat(64),
    fellBack: "",
    triesLeft: "",
    offlineUntil: 0,
  };
  world.nodes.byInstance.set(id, node);
  return node;
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
    answers.set(id, machine === undefined ? run(world, id, node, script, call) : undefined);
    void machine?.(script).then((answer) => answers.set(id, answer));
  }
  const id = `00000000-0000-4000-9000-${world.newId("command").slice(-12)}`;
  world.nodes.commands.set(id, { at: call.now, script, region: call.region, answers });
  return {
    Command: { CommandId: id, InstanceIds: ids, Status: "Pending", RequestedDateTime: new Date(call.now) },
  };
}

/** What the programs of a node do with the scripts that igneous sends. */
function run(
  world: World,
  id: string,
  node: Node,
  script: string,
  call: Call,
): { output: string; code: number } {
  if (world.nodes.failing.has(id)) return { output: "igneous-host: no space left on device", code: 1 };
  if (script.includes("igneous-host status --json")) {
    const shown = (commit: string | undefined): object | null => (commit === undefined ? null : { commit });
    const status = {
      firstBootComplete: true,
      rollbackPossible: node.previous !== undefined,
      fellBack: node.fellBack,
      triesLeft: node.triesLeft,
      booted: shown(node.booted),
      next: shown(node.next),
      rollback: shown(node.previous),
    };
    return { output: JSON.stringify(status), code: 0 };
  }
  const commit = /^commit=([0-9a-f]{64})$/mu.exec(script)?.[1];
  if (script.includes("igneous-host rollback")) {
    if (node.previous === undefined) return { output: "igneous-host: rollback refused: nothing", code: 1 };
    node.next = node.previous;
  } else if (commit !== undefined) {
    node.next = commit;
    node.triesLeft = "3";
  }
  if (!script.includes("systemctl reboot")) return { output: `the next boot is ${node.next}`, code: 0 };
  const target = node.next;
  call.clock.at(call.now + 5000, () => boot(node, target, call.now + 5000 + rebootMs));
  if (!world.nodes.badCommits.has(target)) {
    call.clock.at(call.now + healthyMs, () => void (node.triesLeft = ""));
  } else {
    const back = node.booted;
    call.clock.at(call.now + fallBackMs, () => {
      boot(node, back, call.now + fallBackMs + rebootMs);
      node.next = back;
      node.previous = undefined;
      node.triesLeft = "";
      node.fellBack = `${target} did not become healthy`;
    });
  }
  return { output: `the next boot is ${target}`, code: 0 };
}

function boot(node: Node, commit: string, until: number): void {
  if (node.booted !== commit) node.previous = node.booted;
  node.booted = commit;
  node.offlineUntil = until;
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
