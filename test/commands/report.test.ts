import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { report } from "../../src/commands/report.ts";
import { prepareRollout, rollout } from "../../src/commands/rollout.ts";
import { recordPath } from "../../src/commands/rollout-records.ts";
import { readLock, writeLock } from "../../src/lock/file.ts";
import { fleetSetting } from "../cli/fleet-setting.ts";
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
    const result = await report(context, { folder, subject: id });
    expect(result).toMatchObject({ subject: id, status: "rolled-back" });
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
    await report(context, { folder, subject: id, out });
    const page = await readFile(out, "utf8");
    expect(page).toContain("&lt;b&gt;x&lt;/b&gt;");
    expect(page).not.toContain("<b>x");
    await expect(report(context, { folder, subject: "nothing" })).rejects.toMatchObject({
      code: "file-not-found",
    });
    await mkdir(join(folder, ".igneous", "rollouts"), { recursive: true });
    await writeFile(recordPath(folder, "torn"), '{"schemaVersion": 1, "pl');
    await expect(report(context, { folder, subject: "torn" })).rejects.toMatchObject({
      code: "input-invalid",
    });
  });

  it("tells a build's boots, and which images and packages changed since the one before, from git's history", async () => {
    const { igneous, folder } = await fleetSetting();
    const git = (...words: readonly string[]): void => {
      execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.org", ...words]);
    };
    const lock = await readLock(folder);
    const [newer, older] = lock.builds;
    if (newer === undefined || older === undefined) throw new Error("a lock without builds");
    const { packages } = lock.base;
    const before = packages.map((item, index) => (index === 0 ? { ...item, version: "0.9" } : item));
    await writeLock(folder, { ...lock, base: { ...lock.base, packages: before }, builds: [older] });
    git("init", "-q");
    git("add", "images.lock.json");
    git("commit", "-qm", "the older build");
    await writeLock(folder, lock);
    const boots = [{ boot: "first", commit: "c".repeat(64), login: 9.5, running: 14.2 }];
    const checks = [{ boot: "first", name: "usr-read-only", passed: true, seconds: 0.4, evidence: "ro" }];
    const builds = join(folder, ".igneous", "builds", newer.id.slice(7, 19));
    await mkdir(builds, { recursive: true });
    const seen = {
      schemaVersion: 1,
      passed: true,
      accelerator: "kvm",
      slowness: 1,
      panics: 0,
      boots,
      checks,
    };
    await writeFile(join(builds, "report.json"), JSON.stringify(seen));
    const ran = await igneous(["report", newer.id.slice(7, 19)]);
    expect(ran.exit).toBe(0);
    const page = await readFile(ran.stdout.trim(), "utf8");
    expect(page).toContain("1 of 1 checks passed");
    expect(page).toContain("<td>14.2 s</td>");
    expect(page).toContain(`<td>${packages[0]?.name}</td><td>0.9</td><td>1</td>`);
    await igneous(["rollout", "--ami", "--group", "workers", "--yes"]);
    const id = (await readLock(folder)).rollouts?.[0]?.id ?? "";
    const rolled = await readFile((await igneous(["report", id])).stdout.trim(), "utf8");
    expect(rolled).toContain("Instances over time");
    expect(rolled.match(/class="life old"/gu)).toHaveLength(4);
    expect(rolled).toContain("Packages that changed since build aaaaaaaaaaaa");
    expect(rolled).not.toMatch(/<script|<link|src=|url\(|https?:/u);
  });
});
