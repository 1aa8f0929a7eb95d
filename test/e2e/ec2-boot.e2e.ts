import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BootReport } from "../../src/disk/boot-report.ts";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { igneous, makeProject, prepare, removeProject, startIgneous } from "./project.ts";

let project = "";
let moto: Moto;

beforeAll(async () => {
  prepare();
  project = makeProject("ec2-boot");
  appendFileSync(join(project, "igneous.yaml"), "publish: { regions: [eu-central-1] }\n");
  moto = await startMoto();
});

afterAll(async () => {
  await moto.stop();
  if (project !== "") removeProject(project);
});

const env = (): Record<string, string> => ({
  AWS_ENDPOINT_URL: moto.endpoint,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: "eu-central-1",
});

describe("a disk that becomes an AMI", () => {
  it("is booted as EC2 boots it, with its user data in every form, before one block is sent", async () => {
    for (const words of [["lock"], ["bake", "--no-boot-test"]]) {
      const { exit, stderr } = await igneous(project, ...words);
      expect(exit, stderr).toBe(0);
    }
    const { exit, stderr } = await startIgneous(project, ["publish"], env())[0];
    expect(exit, stderr).toBe(0);
    const [build] = JSON.parse(readFileSync(join(project, "images.lock.json"), "utf8")).builds;
    const folder = join(project, ".igneous/builds", build.id.slice(7, 19));
    const report = JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as BootReport;
    expect(report.passed).toBe(true);
    expect(report.boots.map(({ boot, commit }) => [boot, commit])).toEqual([["ec2", build.hostCommit]]);
    const seen = new Map(report.checks.map(({ name, evidence }) => [name, evidence]));
    for (const name of ["platform-aws", "root-on-nvme", "root-grown", "hostname", "ssh-key-from-user-data"])
      expect([...seen.keys()]).toContain(name);
    for (const name of ["user-data-by-imdsv2", "user-data-gzip", "user-data-s3"])
      expect(seen.get(name)).toMatch(/^GET \/\d{4}-\d\d-\d\d\/user-data 200$/mu);
    expect(seen.get("user-data-s3")).toMatch(/^GET igneous-boot-check\.s3\.\S+\.ign 200$/mu);
    const words = [
      "--region",
      "eu-central-1",
      "ec2",
      "describe-images",
      "--owners",
      "self",
      "--output",
      "json",
    ];
    const aws = execFileSync(requirePythonTool("aws"), words, { env: { ...process.env, ...env() } });
    expect(JSON.parse(aws.toString()).Images.map(({ ImageId }: { ImageId: string }) => ImageId)).toEqual([
      build.amis[0].amiId,
    ]);
  });
});
