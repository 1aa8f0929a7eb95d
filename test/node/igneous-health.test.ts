import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { renderEnvironmentBlock } from "../../src/disk/boot-files.ts";
import { type RunResult, run } from "../../src/host/exec.ts";
import { temporaryFolder, testContext } from "../tools.ts";

let root = "";

beforeEach(async () => {
  root = await temporaryFolder();
  // What a booted systemd says of a unit comes from a file; it has none of these units here.
  await place("bin/systemctl", `#!/bin/sh\nfor unit; do :; done\ncat "$IGNEOUS_ROOT/state/$unit"\n`, 0o755);
  await place("var/keep", "");
  await place("boot/grub/grubenv", renderEnvironmentBlock({ tries: "0", fell_back: "" }));
});

async function place(path: string, contents: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), contents);
  await chmod(join(root, path), mode);
}

async function unit(name: string, state: Readonly<Record<string, string | number>>): Promise<void> {
  await place(`usr/lib/systemd/system/igneous.target.wants/${name}`, "");
  const lines = Object.entries({ ConditionResult: "yes", Job: 0, NRestarts: 0, ...state });
  await place(`state/${name}`, lines.map(([key, value]) => `${key}=${value}\n`).join(""));
}

const health = (seconds: number): Promise<RunResult> =>
  run(testContext(), [resolve("node/libexec/igneous-health")], {
    env: {
      IGNEOUS_ROOT: root,
      IGNEOUS_HEALTH_SECONDS: String(seconds),
      PATH: `${root}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
    okExits: [0, 1],
  });
const said = (path: string): Promise<string> => readFile(join(root, path), "utf8");

describe("igneous-health", () => {
  it("is content with units that are active, and with those that are not for this machine", async () => {
    await unit("etcd.service", { ActiveState: "active" });
    await unit("geth.service", { ActiveState: "inactive", ConditionResult: "no" });
    expect(await health(0)).toMatchObject({ exit: 0 });
    expect(await said("run/igneous/health")).toBe("healthy\n\n");
  });

  it("names each problem when the time is over, and leaves the reasons for the next boot", async () => {
    await unit("etcd.service", { ActiveState: "activating", Job: 12 });
    await place("usr/lib/igneous/checks.d/mine", "#!/bin/sh\necho no peers\nexit 1\n", 0o755);
    expect((await health(0)).exit).toBe(1);
    const problems = "etcd.service is still starting\nthe check mine fails: no peers\n";
    expect(await said("run/igneous/health")).toBe(`unhealthy\n${problems}`);
    expect(await said("var/lib/igneous/host/trial-problems")).toBe(problems);
  });

  it.each([
    ["after 5 s", "0", /^5\n$/u],
    ["after twice the time that asking took", "3", /^(?:6|8|1\d)\n$/u],
  ])("asks again %s, however slow the machine is", async (_, seconds, slept) => {
    await unit("etcd.service", { ActiveState: "activating", Job: 12 });
    await place("run/igneous/node", "SLOWNESS=8\n");
    await place("usr/lib/igneous/checks.d/mine", `#!/bin/sh\nexec /bin/sleep ${seconds}\n`, 0o755);
    const active = "ActiveState=active\nConditionResult=yes\nJob=0\nNRestarts=0\n";
    await place(
      "bin/sleep",
      `#!/bin/sh\necho "$1" >>"$IGNEOUS_ROOT/slept"\nprintf '${active}' >"$IGNEOUS_ROOT/state/etcd.service"\n`,
      0o755,
    );
    expect((await health(60)).stdout).toMatch(/^healthy after \d+ s$/mu);
    expect(await said("slept")).toMatch(slept);
  });

  it("does not wait for what ended ten times", async () => {
    await unit("etcd.service", { ActiveState: "activating", NRestarts: 10 });
    const { exit, stdout } = await health(86_400);
    expect(exit).toBe(1);
    expect(stdout).toContain("etcd.service ended ten times");
  });

  it.each([
    ["this is no trial", { tries: "", fell_back: "" }],
    ["GRUB fell back to this deployment", { tries: "0", fell_back: "1" }],
  ])("only says so, and starts nothing again, when %s", async (_, variables) => {
    await place("boot/grub/grubenv", renderEnvironmentBlock(variables));
    await unit("etcd.service", { ActiveState: "failed" });
    expect((await health(0)).exit).toBe(0);
    expect(await said("run/igneous/health")).toBe("unhealthy\netcd.service is failed\n");
    await expect(said("var/lib/igneous/host/trial-problems")).rejects.toThrow(/ENOENT/u);
  });
});
