import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { writeLock } from "../../src/lock/file.ts";
import { sampleLock } from "../lock/sample-lock.ts";
import { imageOf, writeLayout } from "../fakes/oci-image.ts";
import { temporaryFolder } from "../tools.ts";
import { testIo } from "./test-io.ts";

const head = "schemaVersion: 1\nname: mainnet-node\nkubernetes: { version: 1.34.1 }\n";

const igneous = async (cwd: string, ...argv: readonly string[]) => {
  const { io, seen } = testIo({ cwd });
  await runProgram(io, ["node", "igneous", ...argv]);
  return seen;
};

async function project(more = ""): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "igneous.yaml"), head + more);
  await writeLock(folder, sampleLock);
  return folder;
}

describe("a command line that is not enough", () => {
  it.each([
    [
      "import without a repo",
      ["import", "oci:x:1"],
      "next: say where the images go: igneous import oci:x:1 --repo",
    ],
    ["token without a host", ["token"], "igneous token --host ssh://core@HOST"],
    ["a policy for what asks AWS nothing", ["iam-policy", "bake"], "there is no policy for 'bake'"],
    ["a policy for a builder", ["iam-policy", "bake"], "--builder packer: igneous iam-policy packer"],
  ])("%s says what to write", async (_, argv, says) => {
    const { exit, stderr } = await igneous(await project(), ...argv);
    expect(exit).toBe(2);
    expect(stderr).toContain(says);
  });

  it("verify of a disk that is not there says so before it reads the repo", async () => {
    const folder = await project();
    const { exit, stderr } = await igneous(folder, "verify", "--disk", "nosuch.img");
    expect([exit, stderr]).toEqual([3, expect.stringContaining("there is no disk image")]);
    expect(stderr).not.toContain("fsck");
  });

  it("ignition validate names a file that is not there as it was given", async () => {
    const { exit, stderr } = await igneous(await temporaryFolder(), "ignition", "validate", "nosuch.ign");
    expect([exit, stderr]).toEqual([3, expect.stringContaining("there is no file nosuch.ign\n  next: ")]);
  });
});

describe("an image that is not there", () => {
  const lock = async (spec: string) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), spec);
    await cp("butane", join(folder, "butane"), { recursive: true });
    // Several images are asked for at once: the one that is there leaves no doubt which of them is told of.
    await writeLayout(join(folder, "images/geth"), { 1: imageOf([]) });
    return igneous(folder, "lock");
  };
  const local = (version: string, more: string) =>
    `schemaVersion: 1\nname: node\nkubernetes:\n  version: ${version}\n  imageRepository: oci:images\n${more}`;

  it("is told with the line of the spec that asks for it", async () => {
    const { exit, stderr } = await lock(
      local(
        "1.34.1",
        "containers:\n  a:\n    image: oci:nowhere:1\n    roles: [worker]\n    command: [/a]\n",
      ),
    );
    expect(exit).toBe(1);
    expect(stderr).toMatch(/igneous\.yaml:\d+:\d+: error: .*asks for oci:/u);
  });

  it("of a version that the local layouts have not says what to set, and nothing of scripts of ours", async () => {
    const { stderr } = await lock(local("1.34.2", "geth: { image: oci:images/geth:1 }\n"));
    expect(stderr).toMatch(/asks for oci:images\//u);
    expect(stderr).toContain("next: set kubernetes.version to one that the layouts below images have");
  });
});
