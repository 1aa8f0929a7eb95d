import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PackerBakeResult } from "../../src/commands/bake-packer.ts";
import type { BootReport } from "../../src/disk/boot-report.ts";
import { requireTool } from "../tools.ts";
import { igneous, makeProject, prepare } from "./project.ts";

let project = "";

const lockedBuild = (): unknown =>
  JSON.parse(readFileSync(join(project, "images.lock.json"), "utf8")).builds[0];

beforeAll(() => {
  requireTool("packer");
  prepare();
  project = makeProject("packer");
});

afterAll(() => {
  if (project !== "") execFileSync("rm", ["-rf", project]);
});

describe("packer, source qemu", () => {
  it("makes an image of the base that passes the boot check, with the lock's payload and host commit", async () => {
    const { exit, stdout, stderr } = await igneous(
      project,
      "bake",
      "--builder",
      "packer",
      "--only",
      "qemu",
      "--json",
    );
    expect(exit, stderr).toBe(0);
    const result = JSON.parse(stdout) as PackerBakeResult;
    const report = JSON.parse(readFileSync(result.check?.report ?? "", "utf8")) as BootReport;
    expect(report.passed).toBe(true);
    expect(report.boots.map(({ commit }) => commit)).toEqual([result.hostCommit, result.hostCommit]);
    expect(readFileSync(result.log, "utf8")).toContain(
      `payload ${result.payloadCommit}, host ${result.hostCommit}`,
    );
    expect(lockedBuild()).toMatchObject({
      builder: "packer",
      payloadCommit: result.payloadCommit,
      hostCommit: result.hostCommit,
      packer: {
        packer: expect.stringMatching(/^\d+\.\d+/u),
        disk: result.outputs.disk,
        report: expect.any(String),
      },
    });
  });
});
