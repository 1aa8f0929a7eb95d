import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { askNodes } from "../../src/aws/fleet-status-nodes.ts";
import { readFleet } from "../../src/aws/fleet-status-read.ts";
import { renderFleetStatus } from "../../src/aws/fleet-status-text.ts";
import { describeFleet, type FleetStatus, type Locked } from "../../src/aws/fleet-status.ts";
import { renderPlan } from "../../src/aws/rollout-text.ts";
import { prepareFleetRollback, rollbackFleet } from "../../src/commands/rollback-fleet.ts";
import { prepareInPlace, rolloutInPlace } from "../../src/commands/rollout-in-place.ts";
import { prepareRollout, rollout, type RolloutOptions } from "../../src/commands/rollout.ts";
import { recordPath } from "../../src/commands/rollout-records.ts";
import {
  addImage,
  type Fleets,
  fleets,
  newBuild,
  newImage,
  oldBuild,
  oldImage,
  region,
  versionsIn,
} from "../aws/fleets.ts";
import { temporaryFolder } from "../tools.ts";

const options: RolloutOptions = {
  specName: "mainnet-node",
  rollout: {
    groups: [
      { name: "masters", region, role: "control-plane" },
      { name: "workers", region, role: "worker" },
    ],
    instanceWarmup: 0,
  },
  builds: [newBuild, oldBuild],
};

/** What status says of the groups of the options. */
async function lookAt(
  { context, aws }: Fleets,
  locked: Pick<Locked, "builds" | "rollouts">,
  asksNodes = false,
): Promise<FleetStatus> {
  const state = await readFleet(context, aws, { groups: options.rollout.groups, images: [], brief: true });
  return describeFleet(asksNodes ? await askNodes(context, aws, state, undefined) : state, locked);
}

describe("rollout, status and rollback as commands", () => {
  it("plan, roll, look, go back, look", async () => {
    const world = await fleets();
    const { context, aws } = world;
    const folder = await temporaryFolder();
    const masters = world.group("masters", 3);
    const workers = world.group("workers", 2);
    const prepared = await prepareRollout(context, options, aws);
    const text = renderPlan(prepared.plan);
    for (const line of [
      "roll mainnet-node to build bbbbbbbbbbbb, strategy replace",
      "masters in eu-central-1 (control-plane)",
      `image      ${oldImage} → ${newImage}`,
      "MetadataOptions.HttpTokens: optional → required",
      "capacity   3 wanted, never below 2, at most 3; 1 at once",
      "way back   version 1",
      "5 instances will be terminated",
      `plan ${prepared.plan.digest}`,
    ]) {
      expect(text).toContain(line);
    }
    const done = await rollout(context, prepared, { folder, approved: prepared.plan.digest }, aws);
    expect(done.failure).toBeUndefined();
    expect(done.rollouts.map(({ group, status }) => `${group} ${status}`)).toEqual([
      "workers succeeded",
      "masters succeeded",
    ]);
    const id = done.rollouts[0]?.id ?? "";
    const record = JSON.parse(await readFile(recordPath(folder, id), "utf8"));
    expect(record).toMatchObject({ schemaVersion: 1, outcome: { rollout: { id } } });
    const look = { builds: options.builds, rollouts: done.rollouts };
    const healthy = await lookAt(world, look);
    expect(healthy.hasDrift).toBe(false);
    expect(renderFleetStatus(healthy)).toContain(
      "masters in eu-central-1: 3 of 3 in service\n  3 × bbbbbbbbbbbb",
    );

    const back = await prepareFleetRollback(
      context,
      { ...options, rollouts: done.rollouts, group: "workers" },
      aws,
    );
    const result = await rollbackFleet(context, back, folder, aws);
    expect(result).toMatchObject({
      outcome: { status: "returned" },
      rollouts: [{ group: "workers", rollbackOf: id }],
    });
    const rollouts = [...result.rollouts, ...done.rollouts];
    expect((await lookAt(world, { ...look, rollouts })).hasDrift).toBe(false);
    expect([...versionsIn(masters), ...versionsIn(workers)]).toEqual(["2", "2", "2", "1", "1"]);
  });

  it("takes an AMI that the lock does not name only with a reason, and records it", async () => {
    const world = await fleets();
    const { context, aws } = world;
    const image = "ami-0ddddddddddddddd4";
    addImage(world.sim, image);
    world.group("workers", 1);
    const wanted = { ...options, image, groups: ["workers"] };
    await expect(prepareRollout(context, wanted, aws)).rejects.toMatchObject({
      code: "rollout-unlocked",
      exitCode: 4,
    });
    const reason = "kernel fix of the security team";
    const prepared = await prepareRollout(context, { ...wanted, allowUnlocked: reason }, aws);
    const result = await rollout(context, prepared, { folder: await temporaryFolder() }, aws);
    expect(result.rollouts[0]).toMatchObject({ amiId: image, unlockedReason: reason, status: "succeeded" });
    expect(result.rollouts[0]?.buildId).toBeUndefined();
    const status = await lookAt(world, { builds: options.builds, rollouts: result.rollouts });
    expect(status).toMatchObject({ groups: [{ name: "workers", drift: [] }] });
  });

  it("detached, starts the first group and leaves the rest to the next run", async () => {
    const world = await fleets();
    const { context, aws } = world;
    const folder = await temporaryFolder();
    world.group("masters", 3);
    const workers = world.group("workers", 2);
    const prepared = await prepareRollout(context, options, aws);
    const started = await rollout(context, prepared, { folder, detach: true }, aws);
    expect(started).toMatchObject({ outcomes: [{ rollout: { status: "in-progress" } }], rollouts: [] });
    expect(workers.refreshes).toEqual([]);
    const rest = await rollout(context, await prepareRollout(context, options, aws), { folder }, aws);
    expect(rest.rollouts.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    expect(rest.rollouts[1]?.id).toBe(started.outcomes[0]?.rollout.id);
  });

  it("rolls in place, and status asks the nodes for their commits", async () => {
    const world = await fleets();
    const { context, aws } = world;
    world.group("masters", 3);
    world.group("workers", 4);
    const commit = "c".repeat(64);
    const build = { ...oldBuild, hostCommit: commit };
    const plans = await prepareInPlace(
      context,
      {
        rollout: { ...options.rollout, minHealthyPercentage: 50 },
        build,
        url: "https://repo.example/igneous",
      },
      aws,
    );
    expect(plans.map(({ waves }) => waves.map(({ length }) => length))).toEqual([
      [1, 1, 1],
      [2, 2],
    ]);
    const look = { builds: [build], rollouts: [] };
    const before = await lookAt(world, look, true);
    expect(before.groups[0]?.drift).toEqual([
      {
        kind: "other-commit",
        message: expect.stringMatching(/^3 instances booted commit 0+; their build has c+, such as i-/u),
      },
    ]);
    expect((await rolloutInPlace(context, plans, aws)).failure).toBeUndefined();
    expect((await lookAt(world, look, true)).hasDrift).toBe(false);
    world.sim.world.nodes.badCommits.add("d".repeat(64));
    const bad = plans.map((plan) => ({ ...plan, commit: "d".repeat(64) }));
    const { failure, groups } = await rolloutInPlace(context, bad, aws);
    expect(failure).toMatchObject({
      code: "rollout-rolled-back",
      message: expect.stringContaining("did not become healthy"),
    });
    expect(groups).toHaveLength(1);
  });

  it("refuses what it cannot choose", async () => {
    const world = await fleets();
    const { context, aws } = world;
    const refused = (more: Partial<RolloutOptions>): Promise<unknown> =>
      prepareRollout(context, { ...options, ...more }, aws).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
    expect(await refused({ groups: ["nobody"] })).toBe("usage");
    expect(await refused({ image: "cccc" })).toBe("build-unknown");
    expect(await refused({ builds: [] })).toBe("rollout-image-missing");
    expect(await refused({ rollout: { groups: [] } })).toBe("input-invalid");
    expect(await refused({ strategy: "in-place" })).toBe("usage");
    expect(world.sim.calls).toEqual([]);
  });
});
