import type { Context } from "../core/context.ts";
import { mapLimit } from "../core/parallel.ts";
import { createHttpClient, type HttpClient, HttpFailure } from "../host/http.ts";
import type { Aws } from "./apis.ts";
import type { InstanceState } from "./fleet-status-types.ts";
import { readFleet } from "./fleet-status-read.ts";
import { readNodes } from "./rollout-nodes.ts";
import type { RolloutHealth } from "./rollout-types.ts";

const defaultWithinSeconds = 600;
const probesAtOnce = 20;
const timeouts = { connectMs: 5000, headersMs: 5000, idleMs: 5000 };

/** How long a node may take to be healthy once it is in service. */
export function healthSeconds({ withinSeconds }: RolloutHealth): number {
  return withinSeconds ?? defaultWithinSeconds;
}

/** Judges the nodes that a rollout has brought, over time. */
export interface HealthGate {
  /** Why the rollout must not go on; undefined while nothing speaks against it. */
  readonly look: () => Promise<string | undefined>;
  /** Looks until every node that was brought is known to be healthy, or one has had its time. */
  readonly settle: () => Promise<string | undefined>;
}

/** A gate over a group's instances that `isRolled` names. */
export function createHealthGate(
  context: Context,
  aws: Aws,
  group: { readonly name: string; readonly region: string },
  health: RolloutHealth,
  isRolled: (instance: InstanceState) => boolean,
): HealthGate {
  const since = new Map<string, number>();
  const healthy = new Set<string>();
  const judge = async (): Promise<{ readonly bad: string | undefined; readonly open: number }> => {
    const [state] = (await readFleet(context, aws, { groups: [group], images: [], brief: true })).groups;
    const rolled = (state?.instances ?? []).filter(
      (one) => isRolled(one) && one.lifecycle === "InService" && !healthy.has(one.instanceId),
    );
    const troubles = await nodeTroubles(context, aws, group.region, rolled, health);
    const now = aws.clock.now();
    for (const { instanceId } of rolled) {
      const trouble = troubles.get(instanceId);
      if (trouble === undefined) healthy.add(instanceId);
      const first = since.get(instanceId) ?? now;
      since.set(instanceId, first);
      if (trouble !== undefined && now - first >= healthSeconds(health) * 1000) {
        return { bad: `${instanceId} is not healthy after ${healthSeconds(health)} s: ${trouble}`, open: 1 };
      }
    }
    return { bad: undefined, open: troubles.size };
  };
  return {
    look: async () => (await judge()).bad,
    settle: async () => {
      for (let wait = 1000; ; wait = Math.min(15_000, wait * 2)) {
        const { bad, open } = await judge();
        if (bad !== undefined || open === 0) return bad;
        await aws.clock.sleep(wait, context.signal);
      }
    },
  };
}

/** What keeps nodes from being healthy, by instance; those that are healthy are not named. */
export async function nodeTroubles(
  context: Context,
  aws: Aws,
  region: string,
  instances: readonly Pick<InstanceState, "instanceId" | "address">[],
  health: RolloutHealth,
): Promise<ReadonlyMap<string, string>> {
  const troubles = new Map<string, string>();
  if (instances.length === 0) return troubles;
  if (health.node === true) {
    const ids = instances.map(({ instanceId }) => instanceId);
    const said = new Map((await readNodes(context, aws, region, ids)).map((node) => [node.instanceId, node]));
    for (const id of ids) {
      const node = said.get(id);
      if (node === undefined) troubles.set(id, "the node does not answer by SSM");
      else if (node.fellBack !== "") troubles.set(id, `the node fell back: ${node.fellBack}`);
      else if (!node.firstBootComplete) troubles.set(id, "its first boot is not complete");
      else if (!node.isConfirmed) troubles.set(id, "its boot check has not passed");
    }
  }
  const { http } = health;
  if (http === undefined) return troubles;
  const client = await createHttpClient(context, { timeouts });
  await mapLimit(instances, probesAtOnce, async ({ instanceId, address }) => {
    if (troubles.has(instanceId)) return;
    const trouble = address === undefined ? "it has no private address" : await probe(client, http, address);
    if (trouble !== undefined) troubles.set(instanceId, trouble);
  });
  return troubles;
}

async function probe(client: HttpClient, template: string, address: string): Promise<string | undefined> {
  const url = new URL(template.replaceAll("{address}", address));
  try {
    const answer = await client({ url });
    await answer.discard();
    return answer.status >= 200 && answer.status < 300 ? undefined : `${url.href} answers ${answer.status}`;
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    return `${url.href} does not answer: ${error.message}`;
  }
}
