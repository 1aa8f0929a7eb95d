import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import type { PublishBuild } from "../../src/aws/publish-types.ts";
import { planGarbage } from "../../src/commands/gc.ts";
import type { Image } from "../fakes/aws/world.ts";
import { home, liveImages, operations, type Setting, setting } from "./publishing.ts";

const words = "a 0 b c";
const away = "us-east-1";
const regions = [home, away, "eu-west-1"];
const hour = 3_600_000;
const day = 24 * hour;

describe("a failed copy of ours, left by a run whose journal is lost", () => {
  /** Publishes until the copy has failed, and stops before it is taken away. */
  async function leaveFailedCopy(s: Setting, build: PublishBuild): Promise<Image> {
    s.sim.world.failingCopies.set(away, "the KMS key is disabled");
    const effect = { kind: "error", code: "UnauthorizedOperation" } as const;
    s.sim.faults.add({ operation: "DeregisterImage", effect });
    const { failures } = await publishBuild(s.context, s.aws, build);
    expect(failures.map(({ region }) => region)).toEqual([away]);
    s.sim.faults.clear();
    s.sim.world.failingCopies.clear();
    const failed = liveImages(s).find(({ region }) => region === away);
    if (failed === undefined) throw new Error("there is no copy");
    return failed;
  }

  it("is taken away with its snapshot before the new copy is asked for", async () => {
    const s = await setting({ regions });
    const build = await s.bake("b1", words);
    const failed = await leaveFailedCopy(s, build);
    s.sim.clock.advance(hour);
    s.sim.calls.length = 0;
    const { failures } = await publishBuild(s.context, s.aws, { ...build, folder: `${build.folder}/again` });
    expect(failures).toEqual([]);
    expect(operations(s.sim, true)).toEqual(["DeregisterImage", "DeleteSnapshot", "CopyImage"]);
    expect(failed.deregisteredAt).toBeDefined();
    expect(liveImages(s)).toHaveLength(3);
    expect(s.sim.world.snapshots.size).toBe(3);
  });

  it("is known to gc, which takes it and nothing else of a build that the lock names", async () => {
    const s = await setting({ regions });
    const build = await s.bake("b1", words);
    const failed = await leaveFailedCopy(s, build);
    const builds = [{ buildId: "b1", amis: [] }];
    const asked = { specName: "mainnet-node", regions: [home], keep: 0, olderThanMs: day };
    const plan = await planGarbage(s.context, { ...asked, builds }, s.aws);
    expect(plan.remove.map(({ region, id, why }) => [region, id, why])).toEqual([
      [away, failed.id, "its copy failed"],
      [away, failed.snapshotId, "EBS gave it up"],
    ]);
  });

  it("and taken away since, is not waited for when AWS still answers with it", async () => {
    const s = await setting({ regions });
    const build = await s.bake("b1", words);
    const failed = await leaveFailedCopy(s, build);
    failed.deregisteredAt = s.sim.clock.now();
    s.sim.world.snapshots.delete(failed.snapshotId);
    const began = s.sim.clock.now();
    const { failures } = await publishBuild(s.context, s.aws, { ...build, folder: `${build.folder}/again` });
    expect(failures).toEqual([]);
    expect(liveImages(s)).toHaveLength(3);
    expect(s.sim.clock.now() - began).toBeLessThan(hour);
  });
});
