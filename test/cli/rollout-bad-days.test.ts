import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { IgneousError } from "../../src/core/errors.ts";
import { writeLock } from "../../src/lock/file.ts";
import { newImage, oldImage, templateData, versionsIn } from "../aws/fleets.ts";
import { type FleetSetting, fleetSetting } from "./fleet-setting.ts";

const roll = ["rollout", "--ami", "--group", "workers", "--yes"] as const;
const checkpoints = "  checkpointPercentages: [25, 100]\n  checkpointDelay: 3600\n";

interface Day {
  readonly name: string;
  readonly rollout?: string;
  readonly before?: (setting: FleetSetting) => void | Promise<unknown>;
  /** So many minutes of virtual time after the refresh has begun. */
  readonly meanwhile?: readonly [number, (setting: FleetSetting) => void];
  readonly exit: number;
  readonly says: RegExp;
  /** What `igneous status` then says, in one screen. */
  readonly status: RegExp;
}

const days: readonly Day[] = [
  {
    name: "the new AMI is never healthy",
    before: ({ sim }) => void sim.world.fleet.images.set(newImage, "unhealthy"),
    exit: 5,
    says: /went back to ami-0aaaaaaaaaaaaaaa1:[^]*failed the health check/u,
    status: /4 of 4 in service\n {2}4 × aaaaaaaaaaaa, went back: /u,
  },
  {
    name: "the first wave is good, the second bad",
    rollout: checkpoints,
    meanwhile: [30, ({ sim }) => sim.world.fleet.images.set(newImage, "unhealthy")],
    exit: 5,
    says: /rollout-rolled-back/u,
    status: /4 × aaaaaaaaaaaa, went back: /u,
  },
  {
    name: "an alarm rings in the middle",
    rollout: "  alarms: [geth-behind]\n",
    meanwhile: [2, ({ sim }) => sim.world.fleet.alarms.set("geth-behind", "ALARM")],
    exit: 5,
    says: /geth-behind/u,
    status: /went back: .*geth-behind/u,
  },
  {
    name: "someone else rolls the group",
    rollout: checkpoints,
    before: ({ igneous }) => igneous(["rollout", "--ami", "a".repeat(12), ...roll.slice(2), "--detach"]),
    exit: 5,
    says: /rollout-active.*is \w+ and brings version 2/u,
    status: /rolling.*refresh [\w-]+\)|Pending/u,
  },
  {
    name: "the group is scaled while it is rolled",
    meanwhile: [2, ({ workers }) => void (workers.desired = 6)],
    exit: 0,
    says: /succeeded/u,
    status: /6 of 6 in service\n {2}6 × bbbbbbbbbbbb\n/u,
  },
  {
    name: "the group is deleted while it is rolled",
    rollout: checkpoints,
    meanwhile: [
      10,
      ({ workers }) => {
        workers.deleted = true;
      },
    ],
    exit: 5,
    says: /was deleted while it was rolled/u,
    status: /workers in eu-central-1: there is no such group/u,
  },
  {
    name: "the launch template is edited while it is rolled",
    meanwhile: [
      2,
      ({ sim }) =>
        sim.world.launchTemplates[0]?.versions.push({
          number: 3,
          imageId: oldImage,
          data: { ...templateData, InstanceType: "t3.nano" },
        }),
    ],
    exit: 0,
    says: /succeeded/u,
    status: /4 × bbbbbbbbbbbb\n.*version 2/u,
  },
  {
    name: "an instance is protected from scale-in",
    before: ({ workers }) => {
      const [member] = workers.members;
      if (member !== undefined) member.protected = true;
    },
    exit: 5,
    says: /is protected/u,
    status: /went back: .*is protected/u,
  },
  {
    name: "there is no spare capacity",
    rollout: "  minHealthyPercentage: 100\n  maxHealthyPercentage: 150\n",
    before: ({ sim, workers }) => workers.zones.forEach((zone) => sim.world.fleet.full.add(zone)),
    exit: 5,
    says: /do not have sufficient m7i\.large capacity/u,
    status: /4 of 4 in service\n {2}4 × aaaaaaaaaaaa, went back: .*sufficient/u,
  },
  {
    name: "the API is throttled for ten minutes",
    meanwhile: [
      1,
      ({ sim }) =>
        sim.faults.add({
          service: "autoscaling",
          forMs: 600_000,
          effect: { kind: "error", code: "Throttling" },
        }),
    ],
    exit: 0,
    says: /succeeded/u,
    status: /4 × bbbbbbbbbbbb\n/u,
  },
  {
    name: "the network is lost for five minutes",
    meanwhile: [1, ({ sim }) => sim.faults.add({ forMs: 300_000, effect: { kind: "reset" } })],
    exit: 0,
    says: /succeeded/u,
    status: /4 × bbbbbbbbbbbb\n/u,
  },
  {
    name: "the previous AMI is deregistered",
    before: ({ sim }) => {
      const image = sim.world.images.get(oldImage);
      if (image !== undefined) image.deregisteredAt = 1;
    },
    exit: 3,
    says: /there is no way back: AMI ami-0aaaaaaaaaaaaaaa1 of the running version is gone/u,
    status: /mind: AMI ami-0aaaaaaaaaaaaaaa1 is gone/u,
  },
];

describe("every bad day ends in a state that status explains in one screen", () => {
  for (const { name, rollout = "", before, meanwhile, exit, says, status } of days) {
    it(name, async () => {
      const setting = await fleetSetting(rollout);
      const { sim, igneous } = setting;
      await before?.(setting);
      if (meanwhile !== undefined) {
        sim.observe(({ operation }, phase) => {
          if (operation !== "StartInstanceRefresh" || phase === "before") return;
          sim.observe(undefined);
          sim.clock.at(sim.clock.now() + meanwhile[0] * 60_000, () => meanwhile[1](setting));
        });
      }
      const ran = await igneous(roll);
      expect(ran).toMatchObject({ exit, stderr: expect.stringMatching(says) });
      const shown = await igneous(["status", "--group", "workers"]);
      expect(shown.stdout).toMatch(status);
      expect(shown.stdout.split("\n").length).toBeLessThan(24);
    });
  }

  it("the lock has another build since the plan was reviewed", async () => {
    const { igneous, folder, lock } = await fleetSetting();
    const review = join(folder, "plan.json");
    await writeFile(review, (await igneous(["rollout", "--ami", "--plan", "--json"])).stdout);
    const before = await lock();
    const { schemaVersion: _version, checksum: _checksum, ...content } = before;
    await writeLock(folder, { ...content, builds: before.builds.slice(1) });
    expect(await igneous(["rollout", "--ami", "--approved", review])).toMatchObject({
      exit: 4,
      stderr: expect.stringMatching(/rollout-plan-changed[^]*next: review the new plan/u),
    });
    const shown = await igneous(["status", "--group", "workers"]);
    expect(shown.stdout).toMatch(/4 of 4 in service\n {2}4 × aaaaaaaaaaaa\n/u);
  });

  it("Ctrl-C detaches and says how to attach; status shows the rollout, and the same command attaches", async () => {
    const { igneous, workers, lock, sim } = await fleetSetting(checkpoints.replace("3600", "172800"));
    const stop = new AbortController();
    const running = igneous(roll, { signal: stop.signal });
    await expect.poll(() => workers.refreshes[0]?.status, { timeout: 20_000 }).toBe("InProgress");
    stop.abort(new IgneousError("interrupted", "stopped by SIGINT", { hint: "run the same command again" }));
    expect(await running).toMatchObject({
      exit: 130,
      stderr: expect.stringMatching(/detached: .*goes on in AWS[^]*attach/u),
    });
    const shown = await igneous(["status", "--group", "workers"]);
    expect(shown.stdout).toMatch(/rolling at \d+ %, stops at 25, 100 %/u);
    sim.observe(({ operation, input }) => {
      if (operation !== "DescribeInstanceRefreshes" || input["InstanceRefreshIds"] === undefined) return;
      sim.observe(undefined);
      sim.clock.advance(200_000_000);
    });
    const attached = igneous(roll);
    expect((await attached).stderr).toContain(`follows instance refresh ${workers.refreshes[0]?.id}`);
    expect(versionsIn(workers)).toEqual(["2", "2", "2", "2"]);
    expect((await lock()).rollouts?.[0]?.status).toBe("succeeded");
  });
});
