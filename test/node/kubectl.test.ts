import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/host/exec.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const program = "usr/lib/igneous/containers/kube-apiserver/rootfs/usr/local/bin/kubectl";

async function kubectl(root: string, env: Readonly<Record<string, string>> = {}) {
  const given = { IGNEOUS_ROOT: root, PATH: "/usr/bin:/bin", ...env };
  const okExits = [0, 1];
  return run(testContext(), [resolve("node/bin/kubectl"), "get", "two words"], { env: given, okExits });
}

describe("the node's kubectl", () => {
  it("is the one of an image, as the administrator of the node's own cluster unless told otherwise", async () => {
    const root = await temporaryFolder();
    const kubeconfig = join(root, "var/lib/igneous/pki/admin/kubeconfig");
    for (const path of [join(root, program), kubeconfig]) await mkdir(dirname(path), { recursive: true });
    await writeFile(join(root, program), '#!/bin/sh\nprintf "%s|" "$KUBECONFIG" "$@"\n', { mode: 0o755 });
    await writeFile(kubeconfig, "");
    expect((await kubectl(root)).stdout).toBe(`${kubeconfig}|get|two words|`);
    expect((await kubectl(root, { KUBECONFIG: "/mine" })).stdout).toBe("/mine|get|two words|");
  });

  it("says so when no image has it", async () => {
    expect(await kubectl(await temporaryFolder())).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("no image of this node has it"),
    });
  });
});
