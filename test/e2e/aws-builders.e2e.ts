import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { type Simulator, startSimulator } from "../fakes/aws/simulator.ts";
import { type Finished, makeProject, prepare, removeProject, startIgneous } from "./project.ts";

/** `bake --builder imagebuilder` and `--builder direct` as a user starts them, against AWS over HTTP: moto has S3, the simulator the rest. */

let project = "";
let moto: Moto;
let sim: Simulator;
let env: Record<string, string> = {};
let pump: NodeJS.Timeout | undefined;

interface LockedBuild {
  readonly builder: string;
  readonly payloadCommit: string;
  readonly amis?: readonly { readonly region: string; readonly amiId: string }[];
}

const start = (...words: readonly string[]) => startIgneous(project, words, env);
const igneous = (...words: readonly string[]): Promise<Finished> => start(...words)[0];
const lockText = (): string => readFileSync(join(project, "images.lock.json"), "utf8");
const builds = (): readonly LockedBuild[] => JSON.parse(lockText()).builds;
const bake = ["bake", "--builder", "imagebuilder"] as const;
const created = (): readonly string[] =>
  sim.calls.map(({ operation }) => operation).filter((name) => name.startsWith("Create"));

beforeAll(async () => {
  prepare();
  project = makeProject("aws-builders");
  appendFileSync(
    join(project, "igneous.yaml"),
    [
      "publish: { regions: [eu-central-1, us-east-1] }",
      "imageBuilder: { parentImage: ami-0123456789abcdef0, payload: s3://payloads/nodes, instanceProfile: igneous-builder }",
      "",
    ].join("\n"),
  );
  moto = await startMoto();
  // What is made there is old in the program's eyes, which go by this machine's clock.
  sim = await startSimulator({}, Date.UTC(2025, 0, 1));
  env = { ...sim.env, AWS_ENDPOINT_URL_S3: moto.endpoint, HOME: join(project, "home") };
  env["XDG_CACHE_HOME"] = process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache");
  mkdirSync(join(project, "home"));
  execFileSync(requirePythonTool("aws"), ["--region", "eu-central-1", "s3", "mb", "s3://payloads"], {
    env: { ...process.env, ...env },
  });
  // The program waits in real time; Image Builder's half hour and AMIs pass in the simulator's.
  pump = setInterval(() => sim.clock.advance(60_000), 100);
  expect((await igneous("lock")).exit).toBe(0);
});

afterEach(() => {
  sim.world.imageBuilder.plannedFailure = undefined;
  sim.calls.length = 0;
});

afterAll(async () => {
  clearInterval(pump);
  expect(sim.violations).toEqual([]);
  await sim.stop();
  await moto.stop();
  removeProject(project);
});

describe("igneous bake --builder imagebuilder", () => {
  it("says what it would do and what it may do, and does nothing", async () => {
    const dry = await igneous(...bake, "--dry-run");
    expect(dry.exit, dry.stderr).toBe(0);
    expect(dry.stdout).toMatch(/CreateComponent[^]*CreateImageRecipe[^]*CreateImage\b/u);
    const policy = await igneous("iam-policy", "imagebuilder");
    expect(policy.stdout).toContain("imagebuilder:CreateComponent");
    expect(sim.calls).toEqual([]);
  });

  it("records nothing of an image whose tests fail, says which, and leaves no AMI", async () => {
    const before = lockText();
    sim.world.imageBuilder.plannedFailure = {
      workflow: "TEST",
      step: "ApplyTestComponents",
      message: "usr-read-only: wanted an output that contains 'Read-only file system'",
    };
    const failed = await igneous(...bake);
    expect(failed.exit).toBe(1);
    expect(failed.stderr).toContain("test workflow, step ApplyTestComponents: usr-read-only");
    expect(failed.stderr).toContain("next:");
    expect(lockText()).toBe(before);
    expect(sim.world.images.size).toBe(0);
  });

  it("tells each step of the image, and goes on with the same image after Ctrl-C", async () => {
    const before = lockText();
    const [finished, child] = start(...bake);
    const stop = setInterval(() => {
      if (!created().includes("CreateImage")) return;
      clearInterval(stop);
      child.kill("SIGINT");
    }, 20);
    const stopped = await finished;
    expect(stopped.exit, stopped.stderr).toBe(130);
    expect(stopped.stderr).toContain("goes on being built");
    expect(lockText()).toBe(before);
    const baked = await igneous(...bake, "--json");
    expect(baked.exit, baked.stderr).toBe(0);
    expect(created().filter((name) => name === "CreateImage")).toHaveLength(1);
    const { amis, payloadCommit, failures } = JSON.parse(baked.stdout);
    expect(failures).toEqual([]);
    expect(builds()).toMatchObject([{ builder: "imagebuilder", payloadCommit }]);
    expect(builds()[0]?.amis?.map(({ region }) => region)).toEqual(["eu-central-1", "us-east-1"]);
    for (const { amiId } of amis) expect(sim.world.images.has(amiId)).toBe(true);
  });

  it("makes nothing and changes nothing when it is run again", async () => {
    const before = lockText();
    const again = await igneous(...bake);
    expect(again.exit, again.stderr).toBe(0);
    expect(created()).toEqual([]);
    expect(lockText()).toBe(before);
  });

  it("writes what a team runs by its own means, and cfn-lint agrees", async () => {
    expect((await igneous("render", "--builder", "imagebuilder", "--out", "rendered")).exit).toBe(0);
    execFileSync(requirePythonTool("cfn-lint"), [join(project, "rendered/cloudformation.json")]);
  });

  it("gc keeps all that the lock names, and would remove the image that failed", async () => {
    const dry = await igneous("gc", "--dry-run", "--json");
    expect(dry.exit, dry.stderr).toBe(0);
    const { remove, kept } = JSON.parse(dry.stdout).plan;
    expect(remove).toMatchObject([{ kind: "image", state: "FAILED", why: "the lock does not name it" }]);
    expect(kept.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining(builds()[0]?.amis?.map(({ amiId }) => amiId) ?? []),
    );
  });
});

describe("igneous bake --builder direct", () => {
  it("uploads the disk that it made, and records it as its own", async () => {
    const baked = await igneous("bake", "--builder", "direct", "--no-boot-test");
    expect(baked.exit, baked.stderr).toBe(0);
    const own = builds().find(({ builder }) => builder === "direct");
    expect(own?.amis?.map(({ region }) => region)).toEqual(["eu-central-1", "us-east-1"]);
    // One build, whoever made what of it: the same payload, now with a disk.
    expect(builds()).toHaveLength(1);
    const verified = await igneous("verify", "--remote");
    expect(verified.exit, verified.stderr).toBe(0);
    const before = lockText();
    const again = await igneous("bake", "--builder", "direct", "--no-boot-test");
    expect(again.exit, again.stderr).toBe(0);
    expect(lockText()).toBe(before);
  });
});
