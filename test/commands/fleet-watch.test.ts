import { describe, expect, it } from "vitest";
import { renderFleetStatus } from "../../src/aws/fleet-status-text.ts";
import type { FleetStatus } from "../../src/aws/fleet-status.ts";
import { watchRegions } from "../../src/commands/fleet-watch.ts";
import { fleets, oldBuild, region } from "../aws/fleets.ts";

const groups = [
  { name: "masters", region: "us-east-1" },
  { name: "workers", region },
];

const watched = {
  groups,
  locked: () => Promise.resolve({ builds: [oldBuild], rollouts: [] }),
  askNodes: false,
  // Long enough for a machine that is busy with other tests to answer itself.
  patienceMs: 5000,
  lookMs: 100,
};

describe("watching a fleet", () => {
  it("goes on with the other regions while one is silent, and takes it up again when it answers", async () => {
    const { context, sim, group } = await fleets();
    group("workers", 3);
    const faults = { region: "us-east-1", effect: { kind: "hang" } } as const;
    sim.faults.add(faults);
    const looks = (): number =>
      sim.calls.filter((call) => call.region === region && call.operation === "DescribeAutoScalingGroups")
        .length;
    const stop = new AbortController();
    const seen: FleetStatus[] = [];
    let looksInSilence = 0;
    const watching = watchRegions(
      { ...context, signal: stop.signal },
      watched,
      (status) => {
        seen.push(status);
        if (status.waiting.length > 0) looksInSilence = looks();
        if (status.failures.length > 0) sim.faults.clear();
        if (status.missing.length > 0) stop.abort(new Error("seen enough"));
      },
      true,
    );
    await expect(watching).rejects.toThrow("seen enough");
    expect(seen[0]).toMatchObject({ waiting: [groups[0]], failures: [] });
    expect(renderFleetStatus(seen[0] as FleetStatus)).toMatch(
      /workers in eu-central-1: 3 of 3 in service\n[^]*masters in us-east-1: no answer yet\n/u,
    );
    expect(looksInSilence).toBeGreaterThan(1);
    expect(seen.some(({ failures }) => failures[0]?.message.includes("5 s") === true)).toBe(true);
    expect(seen.every(({ groups: shown }) => shown[0]?.inService === 3)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ waiting: [], failures: [], missing: [groups[0]] });
  });

  it("does not wait for nodes, which are asked beside it", async () => {
    const { context, sim, group } = await fleets();
    group("workers", 3);
    sim.faults.add({ service: "ssm", effect: { kind: "hang" } });
    const stop = new AbortController();
    const seen: FleetStatus[] = [];
    const watching = watchRegions(
      { ...context, signal: stop.signal },
      { ...watched, groups: groups.slice(1), askNodes: true },
      (status) => {
        seen.push(status);
        if (status.silentNodes > 0) stop.abort(new Error("seen enough"));
      },
      true,
    );
    await expect(watching).rejects.toThrow("seen enough");
    expect(seen.length).toBeGreaterThan(1);
    expect(seen[0]?.groups[0]).toMatchObject({ inService: 3, warnings: [] });
    expect(seen.at(-1)?.groups[0]?.warnings[0]).toContain("3 nodes did not say what they booted");
  });

  it("once: ends when all regions have answered or are given up", async () => {
    const { context, sim, group } = await fleets();
    group("workers", 3);
    sim.faults.add({ region: "us-east-1", effect: { kind: "hang" } });
    const shown: FleetStatus[] = [];
    const status = await watchRegions(context, watched, (one) => shown.push(one), false);
    expect(status).toMatchObject({ waiting: [], failures: [{ region: "us-east-1" }] });
    expect(shown[0]).toMatchObject({ waiting: [groups[0]] });
  });
});

it("a fleet that is higher than the screen: what is to be seen comes first, the rest is counted", async () => {
  const { context, template, group } = await fleets();
  const { id } = template();
  const names = Array.from({ length: 30 }, (_, index) => `group-${index}`);
  for (const name of names) group(name, 2, { template: { id, version: "1" } });
  const [member] = group("odd", 2, { template: { id, version: "1" } }).members;
  if (member !== undefined) member.imageId = "ami-0eeeeeeeeeeeeeee5";
  const all = [...names, "odd"].map((name) => ({ name, region }));
  const status = await watchRegions(context, { ...watched, groups: all }, () => undefined, false);
  expect(renderFleetStatus(status).split("\n").length).toBeGreaterThan(90);
  const text = renderFleetStatus(status, 20);
  expect(text).toMatch(/^odd in eu-central-1: 2 of 2 in service\n[^]*drift: 1 instance runs ami-0e/u);
  expect(text).toContain("30 groups where nothing is to be seen: all 60 instances are in service\n");
  expect(text.split("\n").length).toBeLessThan(20);
  expect(renderFleetStatus(status, 6).split("\n").length).toBeLessThanOrEqual(6);
});
