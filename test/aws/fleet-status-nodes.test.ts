import { describe, expect, it, onTestFinished } from "vitest";
import { askNodes } from "../../src/aws/fleet-status-nodes.ts";
import { describeFleet, type FleetStatus } from "../../src/aws/fleet-status.ts";
import { readFleet } from "../../src/aws/fleet-status-read.ts";
import { renderFleetStatus } from "../../src/aws/fleet-status-text.ts";
import { openAws } from "../../src/aws/session.ts";
import { type Fleets, fleets, oldBuild, region } from "./fleets.ts";

const commit = "1".repeat(64);
const node = {
  booted: commit,
  previous: undefined,
  next: commit,
  fellBack: "",
  triesLeft: "",
  offlineUntil: 0,
};

/** What status says of a group whose nodes are asked. */
async function look({ context }: Fleets, patienceMs = 6000): Promise<FleetStatus> {
  const aws = openAws(context);
  const state = await readFleet(context, aws, {
    groups: [{ name: "workers", region }],
    images: [],
    brief: true,
  });
  const asked = await askNodes(context, aws, state, patienceMs);
  return describeFleet(asked, { builds: [{ ...oldBuild, hostCommit: commit }], rollouts: [] });
}

async function setting(count: number): Promise<Fleets & { readonly ids: readonly string[] }> {
  const world = await fleets();
  const ids = world.group("workers", count).members.map(({ id }) => id);
  // We wait in real time, the nodes live in virtual time.
  const pump = setInterval(() => world.sim.clock.advance(1000), 2);
  onTestFinished(() => clearInterval(pump));
  for (const id of ids) world.sim.world.nodes.byInstance.set(id, { ...node });
  return { ...world, ids };
}

describe("what nodes say that they booted", () => {
  it("is shown with the build, and each call is counted", async () => {
    const world = await setting(3);
    const status = await look(world);
    expect(renderFleetStatus(status)).toMatch(/ 3 {2}build a{12} .*commit 1{12}\n/u);
    expect(status).toMatchObject({ hasDrift: false, silentNodes: 0 });
    expect(status.calls).toBe(world.sim.calls.length);
  });

  it("is one line however many booted another commit", async () => {
    const world = await setting(60);
    for (const id of world.ids.slice(10))
      world.sim.world.nodes.byInstance.set(id, { ...node, booted: "0".repeat(64) });
    const text = renderFleetStatus(await look(world));
    expect(text).toContain(
      `drift: 50 instances booted commit 000000000000; their build has 111111111111, such as ${world.ids[10]}`,
    );
    expect(text.split("\n").length).toBeLessThan(12);
  });

  it("is not known of a node whose agent is off or whose answer never comes, which is told", async () => {
    const world = await setting(4);
    const [off = "", stuck = ""] = world.ids;
    const { nodes } = world.sim.world;
    nodes.byInstance.set(off, { ...node, offlineUntil: Number.POSITIVE_INFINITY });
    nodes.machines.set(stuck, () => new Promise(() => undefined));
    const status = await look(world);
    const text = renderFleetStatus(status);
    expect(text).toContain(
      `mind: 1 node did not say what it booted: its SSM agent does not answer, such as ${off}`,
    );
    expect(text).toContain(`mind: 1 node did not say what it booted: no answer after 6 s, such as ${stuck}`);
    expect(text).toContain("commit 111111111111");
    expect(status).toMatchObject({ hasDrift: false, silentNodes: 2 });
  });

  it("is not waited for when SSM does not answer, and an error of SSM is told", async () => {
    const world = await setting(2);
    world.sim.faults.add({ service: "ssm", effect: { kind: "hang" } });
    expect(renderFleetStatus(await look(world, 50))).toContain(
      "mind: 2 nodes did not say what they booted: no answer after 0.05 s",
    );
    world.sim.faults.clear();
    world.sim.faults.add({ service: "ssm", effect: { kind: "error", code: "AccessDeniedException" } });
    const text = renderFleetStatus(await look(world));
    expect(text).toMatch(/workers in eu-central-1: 2 of 2 in service/u);
    expect(text).toMatch(/mind: 2 nodes did not say what they booted: .*ssm:DescribeInstanceInformation/u);
  });
});
