import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { addImage, newImage, oldImage, versionsIn } from "../aws/fleets.ts";
import { fleetSetting, newId, oldId } from "./fleet-setting.ts";

describe("rollout as the command line, over HTTP", () => {
  it("shows the plan, asks, rolls control planes first, records it, and does nothing the second time", async () => {
    const { igneous, lock, masters, workers, sim } = await fleetSetting();
    const plan = await igneous(["rollout", "--ami", "--plan"]);
    expect(plan).toMatchObject({ exit: 0, stderr: "" });
    expect(plan.stdout.indexOf("masters in")).toBeLessThan(plan.stdout.indexOf("workers in"));
    const refused = await igneous(["rollout", "--ami"], { answer: "n" });
    expect(refused).toMatchObject({ exit: 1, stdout: "nothing was changed\n" });
    expect(await igneous(["rollout", "--ami"])).toMatchObject({ exit: 2 });
    expect(sim.calls.filter(({ operation }) => !operation.startsWith("Describe"))).toEqual([]);
    const done = await igneous(["rollout", "--ami"], { answer: "y" });
    expect(done.exit).toBe(0);
    expect(done.stderr).toContain("way back");
    expect([...versionsIn(masters), ...versionsIn(workers)]).toEqual(Array.from({ length: 7 }, () => "2"));
    expect((await lock()).rollouts?.map(({ group, status }) => `${group} ${status}`)).toEqual([
      "workers succeeded",
      "masters succeeded",
    ]);
    const before = await lock();
    const again = await igneous(["rollout", "--ami"]);
    expect(again).toMatchObject({ exit: 0, stdout: expect.stringContaining(`runs ${newImage} already`) });
    expect(await lock()).toEqual(before);
    expect(await igneous(["status", "--group", "--check"])).toMatchObject({ exit: 0 });
  });

  it("carries out the plan that was reviewed, and refuses another", async () => {
    const { igneous, folder, lock } = await fleetSetting();
    const review = await igneous(["rollout", "--ami", "--plan", "--json", "--group", "workers"]);
    const file = `${folder}/plan.json`;
    await writeFile(file, review.stdout);
    const other = await igneous(["rollout", "--ami", oldId, "--group", "workers", "--approved", file]);
    expect(other).toMatchObject({ exit: 4, stderr: expect.stringContaining("rollout-plan-changed") });
    const untouched = await igneous(["status", "--group", "workers"]);
    expect(untouched.stdout).toMatch(/4 of 4 in service\n {2}4 × aaaaaaaaaaaa\n/u);
    expect(
      await igneous(["rollout", "--ami", "--group", "workers", "--approved", `${folder}/none`]),
    ).toMatchObject({ exit: 2 });
    const done = await igneous(["rollout", "--ami", "--group", "workers", "--approved", file]);
    expect(done.exit).toBe(0);
    expect((await lock()).rollouts?.[0]?.plan).toBe(JSON.parse(review.stdout).plan.digest);
  });

  it("detached, says how to attach; the same command follows it and records it", async () => {
    const { igneous, lock, workers } = await fleetSetting();
    const argv = ["rollout", "--ami", "--group", "workers", "--yes"];
    const begun = await igneous([...argv, "--detach"]);
    expect(begun).toMatchObject({ exit: 0, stdout: expect.stringContaining("goes on in AWS") });
    expect((await lock()).rollouts).toBeUndefined();
    expect((await igneous(argv)).exit).toBe(0);
    expect((await lock()).rollouts).toMatchObject([
      { id: workers.refreshes[0]?.id, status: "succeeded", previous: { amiId: oldImage, version: 1 } },
    ]);
    expect(workers.refreshes).toHaveLength(1);
  });

  it("records a rollout that ended while nobody looked", async () => {
    const { igneous, lock, workers, sim } = await fleetSetting();
    const argv = ["rollout", "--ami", "--group", "workers", "--yes"];
    await igneous([...argv, "--detach"]);
    sim.clock.advance(3_600_000);
    expect(workers.refreshes[0]?.status).toBe("Successful");
    expect((await igneous(argv)).exit).toBe(0);
    const { rollouts } = await lock();
    expect(rollouts).toMatchObject([
      { id: workers.refreshes[0]?.id, status: "succeeded", previous: { version: 1 } },
    ]);
    expect(sim.world.launchTemplates[0]?.defaultVersion).toBe(2);
    await igneous(argv);
    expect((await lock()).rollouts).toEqual(rollouts);
  });

  it("takes an AMI that the lock does not name only with a reason", async () => {
    const { igneous, lock, sim } = await fleetSetting();
    const image = "ami-0ddddddddddddddd4";
    addImage(sim, image);
    const argv = ["rollout", "--ami", image, "--group", "workers", "--yes"];
    expect(await igneous(argv)).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining("--allow-unlocked --reason '"),
    });
    expect(await igneous([...argv, "--allow-unlocked"])).toMatchObject({ exit: 2 });
    expect((await igneous([...argv, "--allow-unlocked", "--reason", "hot fix"])).exit).toBe(0);
    expect((await lock()).rollouts?.[0]).toMatchObject({ amiId: image, unlockedReason: "hot fix" });
  });

  it("goes back to what ran before, to a build that is named, and not back from going back", async () => {
    const { igneous, lock, workers } = await fleetSetting();
    await igneous(["rollout", "--ami", "--group", "workers", "--yes"]);
    const plan = await igneous(["rollback", "--fleet", "workers", "--plan", "--json"]);
    expect(plan.stdout).not.toContain('UserData":');
    expect((await igneous(["rollback", "--fleet", "workers"], { answer: "yes" })).exit).toBe(0);
    expect(versionsIn(workers)).toEqual(["1", "1", "1", "1"]);
    const unclear = await igneous(["rollback", "--fleet", "workers", "--yes"]);
    expect(unclear).toMatchObject({ exit: 3, stderr: expect.stringContaining("--to BUILD") });
    const between = await igneous(["status", "--group", "workers"]);
    expect(between.stdout).toMatch(/4 of 4 in service\n {2}4 × aaaaaaaaaaaa\n/u);
    expect((await igneous(["rollback", "--fleet", "workers", "--to", newId, "--yes"])).exit).toBe(0);
    expect(versionsIn(workers)).toEqual(["2", "2", "2", "2"]);
    expect((await lock()).rollouts).toHaveLength(3);
    expect((await igneous(["status", "--group", "workers", "--check"])).exit).toBe(0);
    expect((await igneous(["rollback"])).exit).toBe(2);
  });

  it("turns a rollout under way around, and the lock knows", async () => {
    const { igneous, lock, workers } = await fleetSetting(
      "  checkpointPercentages: [25, 100]\n  checkpointDelay: 172800\n",
    );
    await igneous(["rollout", "--ami", "--group", "workers", "--yes", "--detach"]);
    const shown = await igneous(["status", "--group", "workers"]);
    expect(shown.stdout).toMatch(/rolling|Pending/u);
    expect((await igneous(["rollback", "--fleet", "workers", "--yes"])).exit).toBe(0);
    expect(versionsIn(workers)).toEqual(["1", "1", "1", "1"]);
    expect((await lock()).rollouts?.[0]?.status).toMatch(/rolled-back|cancelled/u);
  });

  it("pauses, says so, and goes on with what is left", async () => {
    const { igneous, lock, workers } = await fleetSetting(
      "  checkpointPercentages: [25, 100]\n  checkpointDelay: 172800\n",
    );
    await igneous(["rollout", "--ami", "--group", "workers", "--yes", "--detach"]);
    await expect.poll(() => versionsIn(workers).includes("2"), { timeout: 20_000 }).toBe(true);
    const paused = await igneous(["rollout", "--pause", "--group", "workers"]);
    expect(paused).toMatchObject({ exit: 0, stdout: expect.stringMatching(/paused workers .* at \d+ %/u) });
    expect((await lock()).rollouts?.[0]).toMatchObject({
      status: "cancelled",
      reason: expect.stringContaining("paused"),
    });
    const shown = await igneous(["status", "--group", "workers", "--check"]);
    expect(shown).toMatchObject({ exit: 5, stdout: expect.stringContaining("igneous rollout --resume") });
    expect((await igneous(["rollout", "--pause"])).stdout).toBe("no rollout is under way\n");
    const begun = await igneous(["rollout", "--resume", "--group", "workers", "--yes", "--detach"]);
    expect(begun.exit).toBe(0);
    expect(workers.refreshes).toHaveLength(2);
  });

  it("moves nodes in place, in waves, and looks at what they booted", async () => {
    const { igneous, lock, sim, workers } = await fleetSetting(
      "  strategy: in-place\n  minHealthyPercentage: 50\n",
    );
    const argv = ["rollout", "--ami", newId, "--group", "workers"];
    expect(await igneous([...argv, "--yes"])).toMatchObject({
      exit: 3,
      stderr: expect.stringContaining("rollout: { ostree:"),
    });
    const ostree = ["--ostree", "https://repo.example/igneous"];
    const plan = await igneous([...argv, ...ostree, "--plan"]);
    expect(plan).toMatchObject({ exit: 0, stdout: expect.stringContaining("2, of at most 2") });
    expect((await igneous([...argv, ...ostree, "--yes"])).exit).toBe(0);
    expect((await lock()).rollouts?.[0]).toMatchObject({
      strategy: "in-place",
      status: "succeeded",
      buildId: newId,
    });
    expect(versionsIn(workers)).toEqual(["1", "1", "1", "1"]);
    expect((await igneous(["status", "--group", "workers", "--nodes", "--check"])).exit).toBe(0);
    sim.world.nodes.badCommits.add("1".repeat(64));
    const bad = await igneous(["rollout", "--ami", oldId, "--group", "workers", ...ostree, "--yes"]);
    expect(bad).toMatchObject({ exit: 5, stderr: expect.stringContaining("did not become healthy") });
    expect((await lock()).rollouts?.[0]?.status).toBe("rolled-back");
  });

  it("prints the policy that it needs", async () => {
    const { igneous } = await fleetSetting();
    const { exit, stdout } = await igneous(["iam-policy", "rollout"]);
    expect(exit).toBe(0);
    expect(stdout).toContain("autoscaling:StartInstanceRefresh");
    expect(stdout).toContain("autoScalingGroupName/masters");
  });
});
