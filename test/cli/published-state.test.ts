import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatLock } from "../../src/lock/format.ts";
import { publishSetting } from "./publish-setting.ts";

describe("igneous status --check", () => {
  it("ends with 0 while all AMIs are there, with 5 when one is missing, and with 1 when nobody can tell", async () => {
    const { sim, igneous, lock } = await publishSetting("{ regions: [eu-central-1] }");
    await igneous(["publish", "--no-boot-test"]);
    expect((await igneous(["status", "--check"])).exit).toBe(0);
    const amiId = (await lock()).builds[0]?.amis?.[0]?.amiId ?? "";
    const image = sim.world.images.get(amiId);
    if (image !== undefined) image.deregisteredAt = sim.clock.now();
    const off = await igneous(["status", "--check"]);
    expect(off.exit).toBe(5);
    expect(off.stdout).toContain(`${amiId}  missing`);
    expect((await igneous(["status"])).exit).toBe(0);
    sim.faults.add({
      operation: "DescribeImages",
      effect: { kind: "error", code: "UnauthorizedOperation" },
    });
    const unknown = await igneous(["status", "--check"]);
    expect(unknown.exit).toBe(1);
    expect(unknown.stdout).toContain("unknown");
  });
});

describe("igneous gc at the command line", () => {
  const forgotten = async () => {
    const setting = await publishSetting("{ regions: [eu-central-1] }");
    await setting.igneous(["publish", "--no-boot-test"]);
    const lock = await setting.lock();
    await writeFile(join(setting.folder, "images.lock.json"), formatLock({ ...lock, builds: [] }));
    return setting;
  };

  it("prints the plan and removes nothing where nobody can be asked", async () => {
    const { sim, igneous } = await forgotten();
    const { exit, stdout } = await igneous(["gc"]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(
      /^- eu-central-1 {2}ami .*\n- eu-central-1 {2}snapshot .*\n.*add --yes to remove\n$/u,
    );
    expect(sim.world.snapshots.size).toBe(1);
  });

  it("shows the plan and asks at a terminal: no keeps, yes removes", async () => {
    const { sim, igneous } = await forgotten();
    const no = await igneous(["gc"], { answer: "n" });
    expect(no.stdout).toBe("nothing was removed; add --yes to remove\n");
    expect(no.stderr).toContain("- eu-central-1  snapshot");
    expect(sim.world.snapshots.size).toBe(1);
    const yes = await igneous(["gc"], { answer: "y" });
    expect(yes.exit).toBe(0);
    expect(yes.stdout).toMatch(/2 removed\n$/u);
    expect(sim.world.snapshots.size).toBe(0);
    expect((await igneous(["gc"], { answer: "y" })).stdout).toBe("nothing to remove\n");
  });

  it("removes without a question with --yes, and nothing with --dry-run", async () => {
    const { sim, igneous } = await forgotten();
    await igneous(["gc", "--yes", "--dry-run"]);
    expect(sim.world.snapshots.size).toBe(1);
    expect((await igneous(["gc", "--older-than", "99999d"])).stdout).toContain("nothing to remove");
    expect((await igneous(["gc", "--yes", "--json"])).stdout).toContain('"removed"');
    expect(sim.world.snapshots.size).toBe(0);
    expect((await igneous(["gc", "--older-than", "soon"])).exit).toBe(2);
  });
});
