import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { rollbackScript } from "./rollout-in-place-plan.ts";
import { type NodeStatus, readNodes, runOnNodes } from "./rollout-nodes.ts";

export interface InstanceRollback {
  readonly region: string;
  readonly before: { readonly booted: { readonly commit: string } };
  /** After the reboot when there was one, otherwise with the other deployment as the next one. */
  readonly after: {
    readonly booted: { readonly commit: string };
    readonly next: { readonly commit: string };
  };
}

const backWithinMs = 15 * 60_000;
const firstLookMs = 1000;
const lookMs = 15_000;

/**
 * `igneous-host rollback` on an instance by SSM Run Command, wherever of the regions its agent answers; with `reboot` waits
 * until the node says that it runs the other commit. Refuses with the node's own words when there is nothing to go back to.
 */
export async function rollbackInstance(
  context: Context,
  aws: Aws,
  instanceId: string,
  { regions, reboot }: { readonly regions: readonly string[]; readonly reboot: boolean },
): Promise<InstanceRollback> {
  const { region, node } = await findNode(context, aws, instanceId, regions);
  const script = reboot ? rollbackScript : ["igneous-host rollback"];
  const [answer] = await runOnNodes(context, aws, region, [instanceId], script, "igneous: rollback");
  const next = /the next boot is ([0-9a-f]{64})/u.exec(answer?.output ?? "")?.[1];
  if (answer?.ok !== true || next === undefined) {
    const said = (answer?.output ?? "").trim().replace(/^igneous-host: /u, "");
    throw new IgneousError("rollback-refused", `${instanceId} in ${region}: ${said}`, {
      hint: `see: aws ssm start-session --region ${region} --target ${instanceId}, then: igneous-host status`,
    });
  }
  const commit = reboot ? await waitForCommit(context, aws, { instanceId, region, next }) : node.booted;
  return {
    region,
    before: { booted: { commit: node.booted } },
    after: { booted: { commit }, next: { commit: next } },
  };
}

async function findNode(
  context: Context,
  aws: Aws,
  instanceId: string,
  regions: readonly string[],
): Promise<{ readonly region: string; readonly node: NodeStatus & { readonly booted: string } }> {
  for (const region of regions) {
    const [node] = await readNodes(context, aws, region, [instanceId]);
    if (node !== undefined && node.booted !== null) return { region, node: { ...node, booted: node.booted } };
  }
  const message = `${instanceId} does not answer by SSM in ${regions.join(", ")}`;
  throw new IgneousError("rollback-refused", message, {
    hint: `give its region: igneous rollback --host ${instanceId} --region REGION, or go by ssh: --host ssh://core@HOST`,
  });
}

async function waitForCommit(
  context: Context,
  aws: Aws,
  {
    instanceId,
    region,
    next,
  }: { readonly instanceId: string; readonly region: string; readonly next: string },
): Promise<string> {
  const until = aws.clock.now() + backWithinMs;
  for (let wait = firstLookMs; ; wait = Math.min(lookMs, wait * 2)) {
    const [node] = await readNodes(context, aws, region, [instanceId]);
    if (node?.booted === next) return next;
    if (aws.clock.now() >= until) {
      const seen = node === undefined ? "its SSM agent does not answer" : `it runs ${node.booted}`;
      const message = `${instanceId} did not start ${next} within ${backWithinMs / 1000} s: ${seen}`;
      throw new IgneousError("boot-failed", message, {
        hint: `look at its console: aws ec2 get-console-output --latest --region ${region} --instance-id ${instanceId}`,
      });
    }
    await aws.clock.sleep(wait, context.signal);
  }
}
