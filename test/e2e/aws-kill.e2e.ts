import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import type { PublishBuild, PublishedAmi, PublishResult } from "../../src/aws/publish-types.ts";
import { expectContent, home, type Setting, setting } from "../aws/publishing.ts";

const killsWanted = 60;
const words = Array.from({ length: 24 }, (_, index) => (index % 3 === 1 ? "0" : `w${index}`)).join(" ");

/** Numbers between 0 and 1, the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

interface Kill {
  readonly atCall: number;
  readonly phase: "before" | "after";
  readonly delayMs: number;
}

/** Runs one publish in a process of its own; gives its result, or undefined when it was killed. */
async function publishInChild(
  s: Setting,
  build: PublishBuild,
  kill: Kill,
): Promise<PublishResult | undefined> {
  const env = { ...process.env, ...s.sim.env, FAKE_NOW: String(s.sim.clock.now()) };
  const argv = ["--import", "tsx", "test/aws/publish-child.ts", JSON.stringify(build)];
  const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "pipe", "pipe"] });
  let calls = 0;
  s.sim.observe((_call, phase) => {
    if (phase === "before") calls++;
    if (calls !== kill.atCall || phase !== kill.phase) return;
    if (kill.delayMs === 0) child.kill("SIGKILL");
    else setTimeout(() => child.kill("SIGKILL"), kill.delayMs);
  });
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [exit, signal] = await ended;
  s.sim.observe(undefined);
  if (signal === "SIGKILL") return undefined;
  if (exit !== 0) throw new Error(`the publish failed after ${calls} calls: ${stderr}`);
  return JSON.parse(stdout);
}

it("a publish that is killed with -9 at random moments ends with one of each and nothing left over", async () => {
  const s = await setting({
    regions: [home, "us-east-1", "eu-west-1"],
    accounts: ["222233334444"],
    deprecateAfter: "90d",
    protect: true,
    ssmParameter: "/igneous/ami",
  });
  s.sim.world.describeLagMs = 5000;
  const next = random(42);
  let kills = 0;
  const published: PublishedAmi[] = [];
  for (let round = 1; kills < killsWanted; round++) {
    const build = await s.bake(`build-${round}`, words.replace("w0", `round-${round}`));
    let result: PublishResult | undefined;
    while (result === undefined) {
      // A resumed run makes some 25 calls before it is done, a whole one some 90.
      const atCall = 1 + Math.floor(next() ** 2 * 60);
      const phase = next() < 0.5 ? "before" : "after";
      const delayMs = next() < 0.5 ? 0 : 1 + Math.floor(next() * 12);
      result = await publishInChild(s, build, { atCall, phase, delayMs });
      if (result === undefined) kills++;
      // Progress for whoever waits for the log.
      process.stderr.write(result === undefined ? "." : "|");
    }
    expect(result.failures).toEqual([]);
    for (const { snapshotId } of result.amis)
      expectContent(s.sim, snapshotId, words.replace("w0", `round-${round}`));
    published.push(...result.amis);
    expect([...s.sim.world.images.keys()].sort()).toEqual(published.map(({ amiId }) => amiId).sort());
    expect([...s.sim.world.snapshots.keys()].sort()).toEqual(
      published.map(({ snapshotId }) => snapshotId).sort(),
    );
  }
  expect(kills).toBeGreaterThanOrEqual(killsWanted);
});
