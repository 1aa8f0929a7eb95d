import { describe, expect, it } from "vitest";
import { type FleetSetting, fleetSetting, newId } from "./fleet-setting.ts";

const roll = ["rollout", "--ami", newId, "--group", "workers", "--yes"] as const;
const inPlace =
  "  strategy: in-place\n  minHealthyPercentage: 50\n  ostree: https://repo.example/igneous\n  bakeTime: 2\n";
const newCommit = "2".repeat(64);

/** A node that runs the older build. */
const settled = {
  booted: "1".repeat(64),
  previous: undefined,
  next: "1".repeat(64),
  fellBack: "",
  triesLeft: "",
  offlineUntil: 0,
};

interface Day {
  readonly name: string;
  readonly before: (setting: FleetSetting) => void;
  readonly exit: number;
  readonly says: RegExp;
  /** What `igneous status --nodes` then says, in one screen. */
  readonly status: RegExp;
}

const days: readonly Day[] = [
  {
    name: "the commit is never healthy",
    before: ({ sim }) => void sim.world.nodes.badCommits.add(newCommit),
    exit: 5,
    says: /rollout-rolled-back[^]*fell-back: 2{64} did not become healthy/u,
    status: /4 × aaaaaaaaaaaa, went back: i-\w+ fell-back: /u,
  },
  {
    name: "the first wave is good, a node of the second has a full disk",
    before: ({ sim, workers }) => void sim.world.nodes.failing.add(workers.members[3]?.id ?? ""),
    exit: 5,
    says: /rollout-failed[^]*no space left on device/u,
    status: /failed: i-\w+ failed: .*no space left/u,
  },
  {
    name: "an alarm rings while a wave bakes",
    before: ({ sim }) => {
      sim.world.fleet.alarms.set("geth-behind", "OK");
      sim.observe(({ operation }) => {
        if (operation !== "SendCommand") return;
        sim.observe(undefined);
        const ring = (): void => void sim.world.fleet.alarms.set("geth-behind", "ALARM");
        sim.clock.at(sim.clock.now() + 10 * 60_000, ring);
      });
    },
    exit: 5,
    says: /rollout-rolled-back[^]*alarm geth-behind is ALARM/u,
    status: /4 × aaaaaaaaaaaa, went back: alarm geth-behind is ALARM/u,
  },
  {
    name: "an alarm is not OK at the start",
    before: ({ sim }) => void sim.world.fleet.alarms.set("geth-behind", "ALARM"),
    exit: 3,
    says: /rollout-blocked.*alarm geth-behind in eu-central-1 is ALARM/u,
    status: /4 of 4 in service\n {2}4 × aaaaaaaaaaaa/u,
  },
];

describe("every bad day of a rollout in place ends in a state that status explains in one screen", () => {
  for (const { name, before, exit, says, status } of days) {
    it(name, async () => {
      const setting = await fleetSetting(
        inPlace + (name.includes("alarm") ? "  alarms: [geth-behind]\n" : ""),
      );
      const { byInstance } = setting.sim.world.nodes;
      for (const { id } of setting.workers.members) byInstance.set(id, { ...settled });
      before(setting);
      expect(await setting.igneous(roll)).toMatchObject({ exit, stderr: expect.stringMatching(says) });
      const shown = await setting.igneous(["status", "--group", "workers", "--nodes"]);
      expect(shown.stdout).toMatch(status);
      expect(shown.stdout.split("\n").length).toBeLessThan(24);
    });
  }
});
