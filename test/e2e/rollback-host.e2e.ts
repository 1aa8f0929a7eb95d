import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import { igneous, makeProject, prepare } from "./project.ts";
import { rollBackOverSsh } from "./roll-back-over-ssh.ts";

let project = "";

beforeAll(() => {
  prepare();
  project = makeProject("rollback");
});

afterAll(() => {
  if (project !== "") execFileSync("rm", ["-rf", project]);
});

async function bake(): Promise<BakeResult> {
  const { exit, stdout, stderr } = await igneous(project, "bake", "--no-boot-test", "--json");
  expect(exit, stderr).toBe(0);
  return JSON.parse(stdout) as BakeResult;
}

it("a build is booted as a person does, takes keys at its console, and goes back over ssh", async () => {
  const before = await bake();
  appendFileSync(join(project, "igneous.yaml"), "\ncontainers:\n  etcd: { args: [--snapshot-count=5000] }\n");
  expect((await igneous(project, "lock")).exit).toBe(0);
  const { build, commits, predecessor } = await bake();
  expect(predecessor).toBe(before.build);
  await rollBackOverSsh(project, { build, commit: commits.host, predecessor: before.commits.host });
});
