import { describe, expect, it } from "vitest";
import { applyInPlace } from "../../src/aws/rollout-in-place.ts";
import { deployScript, planInPlace } from "../../src/aws/rollout-in-place-plan.ts";
import { rollbackNodes } from "../../src/aws/rollout-in-place-wave.ts";
import { readNodes } from "../../src/aws/rollout-nodes.ts";
import { type Fleets, fleets, region } from "./fleets.ts";
import { healthPage } from "./health-page.ts";

const commit = "c".repeat(64);
const oldCommit = "0".repeat(64);
const url = "https://repo.example/igneous";

interface Setting extends Fleets {
  readonly ids: readonly string[];
}

async function nodes(count: number): Promise<Setting> {
  const world = await fleets();
  const group = world.group("geth", count);
  return { ...world, ids: group.members.map(({ id }) => id) };
}

const base = {
  group: "geth",
  region,
  commit,
  url,
  minHealthyPercentage: 50,
  oneAtATime: false,
  runs: { amiId: "ami-1", template: { id: "lt-1", version: 1 } },
  bakeTime: 0,
  autoRollback: true,
};

describe("a rollout in place", () => {
  it("goes in waves: a small first one, then as many as may be missing", () => {
    const instanceIds = Array.from({ length: 10 }, (_, index) => `i-${index}`);
    const sizes = (more: object): readonly number[] =>
      planInPlace({ ...base, instanceIds, ...more }).waves.map(({ length }) => length);
    expect(sizes({})).toEqual([5, 5]);
    expect(sizes({ firstPercentage: 10 })).toEqual([1, 5, 4]);
    expect(sizes({ minHealthyPercentage: 100 })).toEqual(Array.from({ length: 10 }, () => 1));
    expect(sizes({ oneAtATime: true })).toHaveLength(10);
    expect(() => planInPlace({ ...base, instanceIds, url: "https://x/'; rm -rf /" })).toThrow(
      "not the address",
    );
  });

  it("deploys, reboots and waits until each node says that it runs the commit", async () => {
    const { context, aws, ids, sim } = await nodes(4);
    const outcome = await applyInPlace(
      context,
      aws,
      planInPlace({ ...base, instanceIds: ids, firstPercentage: 25, bakeTime: 60 }),
    );
    expect(outcome.status).toBe("succeeded");
    expect((await readNodes(context, aws, region, ids)).map(({ booted }) => booted)).toEqual(
      ids.map(() => commit),
    );
    const sent = sim.calls.filter(
      ({ operation, input }) => operation === "SendCommand" && JSON.stringify(input).includes("deploy"),
    );
    expect(sent.map(({ input }) => (input["InstanceIds"] as string[]).length)).toEqual([1, 2, 1]);
    expect(deployScript({ commit, url }).join("\n")).toContain(`commit=${commit}`);
  });

  it("stops at the first wave that falls back, and sends no more nodes there", async () => {
    const { context, aws, ids, sim } = await nodes(4);
    sim.world.nodes.badCommits.add(commit);
    const outcome = await applyInPlace(
      context,
      aws,
      planInPlace({ ...base, instanceIds: ids, firstPercentage: 25 }),
    );
    expect(outcome.status).toBe("rolled-back");
    expect(outcome.nodes.map(({ state }) => state)).toEqual([
      "fell-back",
      "untouched",
      "untouched",
      "untouched",
    ]);
  });

  it("brings back what it changed when a later wave fails", async () => {
    const { context, aws, ids, sim } = await nodes(4);
    sim.world.nodes.failing.add(ids[2] ?? "");
    const outcome = await applyInPlace(context, aws, planInPlace({ ...base, instanceIds: ids }));
    expect(outcome.nodes.map(({ state }) => state)).toEqual([
      "rolled-back",
      "rolled-back",
      "failed",
      "rolled-back",
    ]);
    expect(outcome.nodes[2]?.reason).toContain("no space left");
    expect(outcome.status).toBe("failed");
    await sim.clock.sleep(120_000, context.signal);
    const rest = ids.filter((_, index) => index !== 2);
    expect((await readNodes(context, aws, region, rest)).map(({ booted }) => booted)).toEqual(
      rest.map(() => oldCommit),
    );
  });

  it("stops at an alarm that rings while a wave bakes, names it, and brings the wave back", async () => {
    const { context, aws, ids, sim } = await nodes(4);
    const { alarms } = sim.world.fleet;
    alarms.set("geth-behind", "OK");
    sim.clock.at(sim.clock.now() + 10 * 60_000, () => void alarms.set("geth-behind", "ALARM"));
    const wanted = { ...base, instanceIds: ids, bakeTime: 1800, alarms: ["geth-behind"] };
    const outcome = await applyInPlace(context, aws, planInPlace(wanted));
    expect(outcome).toMatchObject({ status: "rolled-back", trouble: "alarm geth-behind is ALARM" });
    expect(outcome.nodes.map(({ state }) => state)).toEqual([
      "rolled-back",
      "rolled-back",
      "untouched",
      "untouched",
    ]);
    const again = await applyInPlace(context, aws, planInPlace(wanted));
    expect(again.nodes.map(({ state }) => state)).toEqual(ids.map(() => "untouched"));
  });

  it("asks the page of each node of a wave, and goes no further when one does not answer in time", async () => {
    const { context, aws, ids } = await nodes(3);
    const page = await healthPage();
    const health = { http: page.http, withinSeconds: 60 };
    const wanted = { ...base, instanceIds: ids, oneAtATime: true, health };
    page.status = 503;
    const outcome = await applyInPlace(context, aws, planInPlace(wanted));
    expect(outcome.status).toBe("rolled-back");
    expect(outcome.trouble).toMatch(/^i-\w+ is not healthy after 60 s: .*healthz answers 503$/u);
    expect(outcome.nodes.map(({ state }) => state)).toEqual(["rolled-back", "untouched", "untouched"]);
    page.status = 200;
    const second = await applyInPlace(context, aws, planInPlace({ ...wanted, commit: "d".repeat(64) }));
    expect(second).toMatchObject({ status: "succeeded", trouble: null });
  });

  it("brings back waves that have baked when a later one fails", async () => {
    const { context, aws, ids, sim } = await nodes(2);
    sim.world.nodes.failing.add(ids[1] ?? "");
    const wanted = { ...base, instanceIds: ids, oneAtATime: true, bakeTime: 60 };
    const outcome = await applyInPlace(context, aws, planInPlace(wanted));
    expect(outcome.nodes.map(({ state }) => state)).toEqual(["rolled-back", "failed"]);
  });

  it("rolls hosts back, and tells which have no agent or nothing to go back to", async () => {
    const { context, aws, ids, sim } = await nodes(2);
    const [first = "", second = ""] = ids;
    await applyInPlace(context, aws, planInPlace({ ...base, instanceIds: [first] }));
    const answers = await rollbackNodes(context, aws, region, [first, second, "i-0123456789abcdef0"]);
    expect(answers).toMatchObject([
      { instanceId: first, ok: true },
      { instanceId: second, ok: false, output: expect.stringContaining("rollback refused") },
      { ok: false, output: "its SSM agent does not answer" },
    ]);
    expect(sim.world.nodes.byInstance.get(first)?.next).toBe(oldCommit);
  });
});
