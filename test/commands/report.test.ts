import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { report } from "../../src/commands/report.ts";
import { prepareRollout, rollout } from "../../src/commands/rollout.ts";
import { recordPath } from "../../src/commands/rollout-records.ts";
import { fleets, newBuild, newImage, oldBuild, oldImage, region } from "../aws/fleets.ts";
import { temporaryFolder } from "../tools.ts";

const options = {
  specName: "mainnet-node",
  rollout: {
    groups: [{ name: "workers", region }],
    instanceWarmup: 0,
    checkpointPercentages: [50, 100],
    checkpointDelay: 600,
  },
  builds: [newBuild, oldBuild],
};

describe("report", () => {
  it("writes one page that loads nothing: what happened, when, why, and what was planned", async () => {
    const world = await fleets();
    const { context, aws } = world;
    world.group("workers", 4);
    world.sim.world.fleet.images.set(newImage, "unhealthy");
    const folder = await temporaryFolder();
    const done = await rollout(context, await prepareRollout(context, options, aws), { folder }, aws);
    const id = done.rollouts[0]?.id ?? "";
    const result = await report({ folder, rollout: id });
    expect(result).toMatchObject({ rollout: id, status: "rolled-back" });
    const page = await readFile(result.path, "utf8");
    for (const part of [
      "build bbbbbbbbbbbb went back",
      "failed the health check",
      "RollbackInProgress",
      "MetadataOptions.HttpTokens",
    ]) {
      expect(page).toContain(part);
    }
    expect(page).toContain(`${oldImage} → ${newImage}`);
    expect(page).not.toMatch(/<script|<link|src=|url\(|https?:/u);
    expect(page).toContain('name="viewport"');
  });

  it("writes what others wrote as text, and refuses records that are none", async () => {
    const world = await fleets();
    const { context, aws } = world;
    world.group("workers", 1);
    const folder = await temporaryFolder();
    const prepared = await prepareRollout(context, { ...options, specName: "<b>x</b>" }, aws);
    const done = await rollout(context, prepared, { folder }, aws);
    const out = join(folder, "page.html");
    const id = done.rollouts[0]?.id ?? "";
    await report({ folder, rollout: id, out });
    const page = await readFile(out, "utf8");
    expect(page).toContain("&lt;b&gt;x&lt;/b&gt;");
    expect(page).not.toContain("<b>x");
    await expect(report({ folder, rollout: "nothing" })).rejects.toMatchObject({ code: "file-not-found" });
    await mkdir(join(folder, ".igneous", "rollouts"), { recursive: true });
    await writeFile(recordPath(folder, "torn"), '{"schemaVersion": 1, "pl');
    await expect(report({ folder, rollout: "torn" })).rejects.toMatchObject({ code: "input-invalid" });
  });
});
