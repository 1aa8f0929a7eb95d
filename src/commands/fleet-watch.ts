import type { Aws } from "../aws/apis.ts";
import { askWords, type NodeWord, withWords } from "../aws/fleet-status-nodes.ts";
import { readFleet } from "../aws/fleet-status-read.ts";
import type { FleetState } from "../aws/fleet-status-types.ts";
import { describeFleet, type FleetStatus, type Locked, mergeStatus } from "../aws/fleet-status.ts";
import type { RolloutGroup } from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";

export interface Watched {
  /** In the order in which they are shown. */
  readonly groups: readonly RolloutGroup[];
  readonly locked: () => Promise<Locked>;
  readonly askNodes: boolean;
  /** A region or a node that is silent for so long counts as not known. */
  readonly patienceMs: number;
  /** Between two looks at a region. */
  readonly lookMs: number;
}

/** Between two askings of nodes, each of which is a command that AWS keeps a record of. */
const nodesMs = 30_000;
/** Regions that answer within so long of each other are shown together. */
const gatherMs = 200;

/**
 * Shows what the regions say each time that it has changed. Each region is looked at on its own, and its nodes are asked
 * beside that, so that what is slow or silent holds up nothing else. With `again`, looks again and again until the
 * context is stopped; without, resolves when all regions have answered or run out of patience.
 */
export async function watchRegions(
  context: Context,
  watched: Watched,
  show: (status: FleetStatus) => void,
  again: boolean,
): Promise<FleetStatus> {
  const over = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([context.signal, over.signal]) };
  const seen = new Map<string, FleetStatus>();
  const merged = (): FleetStatus => mergeStatus(watched.groups, seen);
  const { clock } = openAws(inner);
  let isPlanned = false;
  const draw = async (): Promise<void> => {
    if (isPlanned) return;
    isPlanned = true;
    await clock.sleep(gatherMs, inner.signal);
    isPlanned = false;
    show(merged());
  };
  const onSeen = (region: string, status: FleetStatus): void => {
    seen.set(region, status);
    void draw().catch(() => undefined);
  };
  const regions = [...new Set(watched.groups.map(({ region }) => region))];
  try {
    await Promise.all(regions.map((region) => watchRegion(inner, watched, region, onSeen, again)));
    return merged();
  } finally {
    // Calls to a region that nobody waits for any more would keep the program alive for minutes.
    over.abort();
  }
}

type OnSeen = (region: string, status: FleetStatus) => void;

async function watchRegion(
  context: Context,
  watched: Watched,
  region: string,
  onSeen: OnSeen,
  again: boolean,
): Promise<void> {
  const groups = watched.groups.filter((group) => group.region === region);
  const { patienceMs, lookMs, askNodes } = watched;
  let words: ReadonlyMap<string, NodeWord> = new Map();
  let nodeCalls = 0;
  let state: FleetState | undefined;
  const tell = async (): Promise<void> => {
    if (state === undefined) return;
    const heard = { ...withWords(state, words), calls: state.calls + nodeCalls };
    onSeen(region, describeFleet(heard, await watched.locked()));
  };
  const ask = async (aws: Aws): Promise<void> => {
    if (state === undefined || !askNodes) return;
    ({ words, calls: nodeCalls } = await askWords(context, aws, state, patienceMs));
    await tell();
  };
  let asking: Promise<void> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let calls = openCalls(context);
  for (;;) {
    const { aws } = calls;
    state = await readFleet(context, aws, { groups, images: [], brief: true, patienceMs });
    await tell();
    const { failures } = state;
    // What is shown is all that is needed of a region until it is looked at again.
    if (!askNodes) state = undefined;
    if (!again) return ask(aws).finally(calls.end);
    if (asking === undefined && aws.clock.now() - askedAt >= nodesMs) {
      askedAt = aws.clock.now();
      asking = ask(aws).finally(() => (asking = undefined));
      asking.catch(() => undefined);
    }
    await aws.clock.sleep(lookMs, context.signal);
    if (failures.length === 0) continue;
    calls.end();
    calls = openCalls(context);
  }
}

/** AWS whose calls can be ended. */
function openCalls(context: Context): { readonly aws: Aws; readonly end: () => void } {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  return { aws: openAws({ ...context, signal }), end: () => over.abort() };
}
