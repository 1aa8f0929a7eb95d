import { describe, expect, it } from "vitest";
import { newImage, oldImage, versionsIn } from "../aws/fleets.ts";
import { type FleetSetting, fleetSetting } from "./fleet-setting.ts";

const begin = ["rollout", "--ami", "--group", "workers", "--yes"] as const;
const back = ["rollback", "--fleet", "workers", "--yes"] as const;
const status = ["status", "--group", "workers"] as const;
const checkpoints =
  "  checkpointPercentages: [25, 100]\n  checkpointDelay: 172800\n  alarms: [geth-behind]\n";

/** A rollout that waits at its first checkpoint, and whose way back is deregistered by somebody. */
async function withoutWayBack(): Promise<FleetSetting> {
  const setting = await fleetSetting(checkpoints);
  const { sim, workers, igneous } = setting;
  await igneous([...begin, "--detach"]);
  await expect.poll(() => versionsIn(workers).includes("2"), { timeout: 20_000 }).toBe(true);
  const image = sim.world.images.get(oldImage);
  if (image !== undefined) image.deregisteredAt = 1;
  sim.world.fleet.images.set(oldImage, "gone");
  return setting;
}

describe("a bad day of going back ends in a state that status explains in one screen", () => {
  it("the previous AMI is deregistered: a rollback on command is refused, and status names what works", async () => {
    const { igneous, workers } = await withoutWayBack();
    const { stdout } = await igneous(status);
    expect(stdout).toContain(`mind: AMI ${oldImage} is gone`);
    expect(stdout).toContain("next: igneous rollout --pause --group workers (there is no way back)\n");
    const before = versionsIn(workers);
    expect(await igneous(back)).toMatchObject({
      exit: 3,
      stderr: expect.stringMatching(
        new RegExp(`no way back for workers in .*${oldImage}.* is gone[^]*next: .*rollout --pause`, "u"),
      ),
    });
    expect(versionsIn(workers)).toEqual(before);
    expect(await igneous(["rollout", "--pause", "--group", "workers"])).toMatchObject({ exit: 0 });
    expect(versionsIn(workers)).toEqual(before);
  });

  it("the previous AMI is deregistered, and AWS goes back by itself", async () => {
    const { igneous, sim, workers } = await withoutWayBack();
    sim.world.fleet.alarms.set("geth-behind", "ALARM");
    await expect.poll(() => workers.refreshes[0]?.status, { timeout: 20_000 }).toBe("RollbackFailed");
    const { stdout } = await igneous(status);
    expect(stdout).toMatch(/^workers in eu-central-1: 3 of 4 in service/u);
    expect(stdout).toMatch(/3 × aaaaaaaaaaaa, refresh [\w-]+ was RollbackFailed: .*geth-behind/u);
    expect(stdout).toContain(`mind: AMI ${oldImage} is gone`);
    expect(stdout).toContain("next: igneous rollout --ami --plan --group workers\n");
    expect(stdout.split("\n").length).toBeLessThan(24);
  });

  it("a rollback is taken back: refused, the way is named, and the older build goes on running", async () => {
    const { igneous, workers } = await fleetSetting();
    expect((await igneous(begin)).exit).toBe(0);
    expect((await igneous(back)).exit).toBe(0);
    expect(await igneous(back)).toMatchObject({
      exit: 3,
      stderr: expect.stringMatching(
        new RegExp(`is a rollback already; .*would bring ${newImage} again[^]*--to BUILD`, "u"),
      ),
    });
    expect(versionsIn(workers)).toEqual(["1", "1", "1", "1"]);
    expect((await igneous(status)).stdout).toMatch(/4 of 4 in service\n {2}4 × aaaaaaaaaaaa\n/u);
  });
});
