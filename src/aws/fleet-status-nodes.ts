import type { Context } from "../core/context.ts";
import type { Aws } from "./apis.ts";
import type { FleetState, InstanceState } from "./fleet-status-types.ts";
import {
  askComment,
  askScript,
  type NodeAnswer,
  parseNodeStatus,
  type Patience,
  runOnNodes,
  untilItEnds,
} from "./rollout-nodes.ts";

/** What a node said that it booted, or why it said nothing. */
export type NodeWord = Required<Pick<InstanceState, "commit">> | Required<Pick<InstanceState, "silence">>;

const commandsAtOnce = 10;

/**
 * Asks every node in service by SSM what it booted. With patience, a node that takes longer is not waited for, nor is an
 * SSM that is silent for so long: it is said of its nodes that they said nothing, and why.
 */
export async function askWords(
  context: Context,
  aws: Aws,
  { groups }: FleetState,
  patienceMs: number | undefined,
): Promise<{ readonly words: ReadonlyMap<string, NodeWord>; readonly calls: number }> {
  let calls = 0;
  const called = (): void => void calls++;
  const regions = [...new Set(groups.map(({ region }) => region))];
  const heard = await Promise.all(
    regions.map((region) => {
      const ids = groups.filter((group) => group.region === region).flatMap(inService);
      return askRegion(context, aws, region, ids, patienceMs, called);
    }),
  );
  return { words: new Map(heard.flatMap((words) => [...words])), calls };
}

/** A fleet with what its nodes say, see {@link askWords}. */
export async function askNodes(
  context: Context,
  aws: Aws,
  state: FleetState,
  patienceMs: number | undefined,
): Promise<FleetState> {
  const { words, calls } = await askWords(context, aws, state, patienceMs);
  return { ...withWords(state, words), calls: state.calls + calls };
}

/** The same fleet with what its nodes said. */
export function withWords(state: FleetState, words: ReadonlyMap<string, NodeWord>): FleetState {
  if (words.size === 0) return state;
  const groups = state.groups.map((group) => ({
    ...group,
    instances: group.instances.map((instance) => ({ ...instance, ...words.get(instance.instanceId) })),
  }));
  return { ...state, groups };
}

function inService({ instances }: FleetState["groups"][number]): readonly string[] {
  return instances.filter(({ lifecycle }) => lifecycle === "InService").map(({ instanceId }) => instanceId);
}

async function askRegion(
  context: Context,
  aws: Aws,
  region: string,
  ids: readonly string[],
  patienceMs: number | undefined,
  called: () => void,
): Promise<ReadonlyMap<string, NodeWord>> {
  const words = new Map<string, NodeWord>();
  if (ids.length === 0) return words;
  let heardAt = aws.clock.now();
  const answered = (answer: NodeAnswer): void => void words.set(answer.instanceId, wordOf(answer));
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const patience: Patience = {
    ...(patienceMs === undefined ? {} : { finishWithinMs: patienceMs }),
    atOnce: commandsAtOnce,
    answered,
    called: () => {
      heardAt = aws.clock.now();
      called();
    },
  };
  const asking = runOnNodes({ ...context, signal }, aws, region, ids, askScript, askComment, patience);
  const silence = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left = heardAt + ms - aws.clock.now()) await aws.clock.sleep(left, signal);
  };
  const late = patienceMs === undefined ? asking : silence(patienceMs);
  for (const promise of [asking, late]) promise.catch(() => undefined);
  let why = `no answer after ${(patienceMs ?? untilItEnds) / 1000} s`;
  try {
    await Promise.race([asking, late]);
  } catch (error) {
    context.signal.throwIfAborted();
    why = error instanceof Error ? error.message : String(error);
  } finally {
    over.abort();
  }
  for (const id of ids) if (!words.has(id)) words.set(id, { silence: why });
  return words;
}

function wordOf(answer: NodeAnswer): NodeWord {
  const commit = parseNodeStatus(answer)?.booted ?? undefined;
  return commit === undefined ? { silence: (answer.output.split("\n")[0] ?? "").slice(0, 200) } : { commit };
}
