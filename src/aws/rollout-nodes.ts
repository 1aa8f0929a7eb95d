import type { Context } from "../core/context.ts";
import { mapLimit } from "../core/parallel.ts";
import type { Aws } from "./apis.ts";

/** What a command left on one node. */
export interface NodeAnswer {
  readonly instanceId: string;
  readonly ok: boolean;
  /** What it printed, or why it could not be asked. */
  readonly output: string;
}

/** A node's own word about its deployments. */
export interface NodeStatus {
  readonly instanceId: string;
  readonly booted: string | null;
  readonly rollback: string | null;
  readonly firstBootComplete: boolean;
  /** The booted deployment has passed its health check: GRUB would not fall back any more. */
  readonly isConfirmed: boolean;
  /** Non-empty when it fell back by itself. */
  readonly fellBack: string;
}

const idsPerCall = 50;
const firstPollMs = 500;
const pollMs = 3000;

/** How long nodes are waited for, and who hears of what happens meanwhile. */
export interface Patience {
  /** From sending a command to its end. */
  readonly finishWithinMs?: number;
  /** Commands of fifty nodes each that are under way at once. */
  readonly atOnce?: number;
  /** Told of each API call. */
  readonly called?: () => void;
  /** Told of each node as soon as it has answered. */
  readonly answered?: (answer: NodeAnswer) => void;
}

/** Milliseconds that a command may take where nothing else is said. */
export const untilItEnds = 15 * 60_000;

/** Runs a script as root on nodes by SSM Run Command, and waits for it. A node without a live agent is an answer that is not ok. */
export async function runOnNodes(
  context: Context,
  aws: Aws,
  region: string,
  instanceIds: readonly string[],
  script: readonly string[],
  comment: string,
  patience: Patience = {},
): Promise<readonly NodeAnswer[]> {
  const parts: (readonly string[])[] = [];
  for (let at = 0; at < instanceIds.length; at += idsPerCall)
    parts.push(instanceIds.slice(at, at + idsPerCall));
  const answers = await mapLimit(parts, patience.atOnce ?? 1, (ids) =>
    runOnSome(context, aws, region, ids, script, comment, patience),
  );
  return answers.flat();
}

async function runOnSome(
  context: Context,
  aws: Aws,
  region: string,
  ids: readonly string[],
  script: readonly string[],
  comment: string,
  { finishWithinMs = untilItEnds, called, answered }: Patience,
): Promise<readonly NodeAnswer[]> {
  const ssm = await aws.ssm(region);
  called?.();
  const online = await onlineOf(aws, region, ids);
  const reachable = ids.filter((id) => online.has(id));
  const silent = ids
    .filter((id) => !online.has(id))
    .map((instanceId) => ({ instanceId, ok: false, output: "its SSM agent does not answer" }));
  silent.forEach((answer) => answered?.(answer));
  if (reachable.length === 0) return silent;
  called?.();
  const { Command } = await ssm.sendCommand({
    DocumentName: "AWS-RunShellScript",
    InstanceIds: reachable,
    Parameters: { commands: [...script] },
    Comment: comment.slice(0, 100),
    TimeoutSeconds: 600,
  });
  const CommandId = Command?.CommandId ?? "";
  const until = aws.clock.now() + finishWithinMs;
  const done = new Map<string, NodeAnswer>();
  for (let wait = firstPollMs; done.size < reachable.length; wait = Math.min(pollMs, wait * 2)) {
    await aws.clock.sleep(wait, context.signal);
    called?.();
    const { CommandInvocations } = await ssm.listCommandInvocations({
      CommandId,
      Details: true,
      MaxResults: 50,
    });
    for (const { InstanceId: instanceId = "", Status, CommandPlugins } of CommandInvocations ?? []) {
      if (Status === undefined || /^(Pending|InProgress|Delayed|Cancelling)$/u.test(Status)) continue;
      if (done.has(instanceId)) continue;
      const output = (CommandPlugins ?? []).map(({ Output }) => Output ?? "").join("");
      const answer = { instanceId, ok: Status === "Success", output: output === "" ? Status : output };
      done.set(instanceId, answer);
      answered?.(answer);
    }
    if (aws.clock.now() < until) continue;
    for (const instanceId of reachable) {
      if (!done.has(instanceId))
        done.set(instanceId, { instanceId, ok: false, output: "the command did not end in time" });
    }
  }
  return [...reachable.flatMap((id) => done.get(id) ?? []), ...silent];
}

async function onlineOf(aws: Aws, region: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const ssm = await aws.ssm(region);
  const { InstanceInformationList } = await ssm.describeInstanceInformation({
    Filters: [{ Key: "InstanceIds", Values: [...ids] }],
    MaxResults: 50,
  });
  const online = (InstanceInformationList ?? []).filter(({ PingStatus }) => PingStatus === "Online");
  return new Set(online.flatMap(({ InstanceId }) => InstanceId ?? []));
}

/** Asks nodes what they run. Nodes that do not answer are missing. */
export async function readNodes(
  context: Context,
  aws: Aws,
  region: string,
  instanceIds: readonly string[],
): Promise<readonly NodeStatus[]> {
  const answers = await runOnNodes(context, aws, region, instanceIds, askScript, askComment);
  return answers.flatMap((answer) => parseNodeStatus(answer) ?? []);
}

/** Asks a node what it runs. Run Command keeps 2,500 characters of an answer. */
export const askScript: readonly string[] = ["igneous-host status --json --brief"];
export const askComment = "igneous: what runs here";

/** A node's answer to {@link askScript}; undefined when it is none. */
export function parseNodeStatus({ instanceId, ok, output }: NodeAnswer): NodeStatus | undefined {
  if (!ok) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const status = value as Readonly<Record<string, unknown>>;
  return {
    instanceId,
    booted: commitOf(status["booted"]),
    rollback: commitOf(status["rollback"]),
    firstBootComplete: status["firstBootComplete"] === true,
    isConfirmed: status["triesLeft"] === "",
    fellBack: typeof status["fellBack"] === "string" ? status["fellBack"] : "",
  };
}

function commitOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null || !("commit" in value)) return null;
  return typeof value.commit === "string" ? value.commit : null;
}
