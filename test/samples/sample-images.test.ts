import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/host/exec.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

describe("scripts/sample-images.sh", () => {
  it("explains every option that it takes", async () => {
    const { stdout } = await run(testContext(), ["bash", "scripts/sample-images.sh", "--help"]);
    for (const option of [
      "--out DIR",
      "--accept",
      "--newer-debian",
      "--update-debian",
      "IGNEOUS_DEB_MIRROR",
    ]) {
      expect(stdout).toContain(option);
    }
  });

  it("refuses an option that it does not know, with the usage", async () => {
    const { exit, stderr } = await run(testContext(), ["bash", "scripts/sample-images.sh", "--outt"], {
      okExits: [2],
    });
    expect(exit).toBe(2);
    expect(stderr).toContain("Usage: scripts/sample-images.sh");
  });

  it("has a committed digest for each image, written once", async () => {
    const lines = (await readFile("samples/digests.txt", "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/^sha256:[0-9a-f]{64} {2}/, "")).sort()).toEqual([
      "etcd:3.6.5-0",
      "ethereum/client-go:v1.16.7",
      "kube-apiserver:v1.34.1",
      "kube-controller-manager:v1.34.1",
      "kube-proxy:v1.34.1",
      "kube-scheduler:v1.34.1",
      "kubelet:v1.34.1",
      "pause:3.10",
    ]);
  });
});

describe("scripts/go-toolchain.sh", () => {
  it("prints a go of exactly the pinned release", async () => {
    const { stdout: go } = await run(testContext(), ["bash", "scripts/go-toolchain.sh"]);
    const { stdout: release } = await run(testContext(), [go.trim(), "env", "GOVERSION"], {
      env: { GOTOOLCHAIN: "local" },
    });
    expect(release.trim()).toBe(`go${(await readFile("samples/go-version", "utf8")).trim()}`);
  });

  it("says what to install where there is no go at all", async () => {
    const folder = await temporaryFolder();
    for (const tool of ["cat", "dirname", "readlink", "uname"])
      await symlink(requireTool(tool), join(folder, tool));
    const { stderr } = await run(testContext(), [requireTool("bash"), "scripts/go-toolchain.sh"], {
      env: { PATH: folder },
      okExits: [1],
    });
    expect(stderr).toBe(
      "go-toolchain: no go is on PATH to begin with: run 'sudo apt-get install golang-go'\n",
    );
  });
});
