import { describe, expect, it } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { openAws } from "../../src/aws/session.ts";
import { IgneousError } from "../../src/core/errors.ts";
import { expectContent, home, type Setting, setting } from "./publishing.ts";

const words = "a 0 b";
const spec = {
  regions: [home, "us-east-1"],
  accounts: ["222233334444"],
  protect: true,
  ssmParameter: "/igneous/ami",
};

/** Publishes in a fresh process, as far as memory goes, that is stopped at the given call. */
async function publishUntil(s: Setting, call: number, phase: "before" | "after"): Promise<boolean> {
  const controller = new AbortController();
  const stopped = new IgneousError("interrupted", "stopped");
  let calls = 0;
  s.sim.observe((_call, at) => {
    if (at === "before") calls++;
    if (calls === call && at === phase) controller.abort(stopped);
  });
  const context = { ...s.context, signal: controller.signal };
  const build = await s.bake("b1", words);
  try {
    await publishBuild(context, openAws(context, { clock: s.sim.clock }), build);
    return true;
  } catch (error) {
    expect(error).toBe(stopped);
    return false;
  } finally {
    s.sim.observe(undefined);
  }
}

describe("a publish that is stopped", () => {
  const cases = [
    { lagMs: 0, step: 2 },
    { lagMs: 30_000, step: 4 },
  ];
  for (const { lagMs, step } of cases) {
    it(`at any call goes on from there and makes nothing twice, with AWS ${lagMs / 1000} s behind itself`, async () => {
      let stops = 0;
      for (let call = 1; ; call += step) {
        const s = await setting(spec);
        s.sim.world.describeLagMs = lagMs;
        const whole = await publishUntil(s, call, stops % 2 === 0 ? "before" : "after");
        if (!whole) stops++;
        const { amis, failures } = await publishBuild(s.context, s.aws, await s.bake("b1", words));
        expect(failures, `stopped at call ${call}`).toEqual([]);
        expect([s.sim.world.images.size, s.sim.world.snapshots.size], `stopped at call ${call}`).toEqual([
          2, 2,
        ]);
        for (const { snapshotId } of amis) expectContent(s.sim, snapshotId, words);
        if (whole) break;
      }
      expect(stops).toBeGreaterThan(25 / step);
    }, 600_000);
  }

  it("at two moments one after the other still ends with one of each", async () => {
    const seeds = Array.from({ length: 6 }, (_, index) => index * 4 + 1);
    for (const call of seeds) {
      const s = await setting(spec);
      await publishUntil(s, call, "after");
      await publishUntil(s, Math.max(1, Math.floor(call / 2)), "before");
      await publishBuild(s.context, s.aws, await s.bake("b1", words));
      expect([s.sim.world.images.size, s.sim.world.snapshots.size]).toEqual([2, 2]);
    }
  }, 600_000);
});
