import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkDowngrades, emitWarnings } from "../../src/commands/bake-warnings.ts";
import { loadProject } from "../../src/commands/project.ts";
import { manifestPath } from "../../src/commands/payload.ts";
import { prettyJson } from "../../src/core/json.ts";
import type { LockedBuild } from "../../src/lock/schema.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const head = "schemaVersion: 1\nname: node\n";

async function projectOf(spec: string) {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "igneous.yaml"), `${head}${spec}`);
  return loadProject(folder);
}

/** What checkDowngrades says of a spec when the build before ran these images. */
async function after(
  previous: Readonly<Record<string, string>>,
  spec: string,
  list: "containers" | "pods" = "containers",
) {
  const context = testContext();
  const project = await projectOf(spec);
  await mkdir(join(project.folder, ".igneous"));
  const repo = await openRepo(context, join(project.folder, ".igneous/repo"), { fsync: false });
  const inside = Object.entries(previous).map(([name, reference]) => ({ name, reference }));
  const contents = prettyJson({ containers: [], [list]: inside });
  const tree = treeOfPaths([[manifestPath, { kind: "file", contents }]]);
  const hostCommit = await commitTree(context, repo, tree, { subject: "before" });
  await checkDowngrades(context, project, repo, { hostCommit: String(hostCommit) } as unknown as LockedBuild);
  return context.events;
}

describe("checkDowngrades", () => {
  const spec =
    "kubernetes: { version: 1.34.1 }\ncontainers:\n  etcd: { image: registry.k8s.io/etcd:3.5.24-0 }\n";

  it("refuses an etcd that cannot read what the build before wrote, at its line of the spec", async () => {
    await expect(after({ etcd: "registry.k8s.io/etcd:3.6.5-0" }, spec)).rejects.toMatchObject({
      code: "input-invalid",
      report: { diagnostics: [{ path: "containers.etcd.image", position: { line: 5 } }] },
    });
  });

  it("refuses it as well where the kubelet ran etcd", async () => {
    const before = { etcd: "registry.k8s.io/etcd:3.6.5-0" };
    await expect(after(before, spec, "pods")).rejects.toMatchObject({ code: "input-invalid" });
  });

  it("warns of a geth that may not open its database, and bakes", async () => {
    const events = await after(
      { geth: "docker.io/ethereum/client-go:v1.17.0" },
      "kubernetes: { version: 1.34.1 }\n",
    );
    expect(events).toEqual([
      { type: "warning", message: expect.stringContaining("geth 1.16.7 may not open") },
    ]);
  });
});

describe("a project", () => {
  it("warns of versions that upstream has not tested together", async () => {
    const context = testContext();
    const { warnings } = await projectOf("kubernetes: { version: 1.36.1 }\n");
    emitWarnings(context, warnings);
    expect(context.events).toEqual([
      { type: "warning", message: expect.stringContaining("containerd >=2.0") },
    ]);
  });

  it("locks the packages of its features", async () => {
    const { wanted } = await projectOf(
      "kubernetes: { version: 1.34.1 }\nfeatures: [podman, node-exporter]\n",
    );
    expect(wanted.requestedPackages).toEqual(["podman", "prometheus-node-exporter"]);
    const selinux = await projectOf("kubernetes: { version: 1.34.1 }\nfeatures: [{ selinux: permissive }]\n");
    expect(selinux.wanted.requestedPackages).toEqual(["bubblewrap", "selinux-policy-default"]);
  });

  it("preloads the images of its static pods, once", async () => {
    const { preload } = await projectOf(
      "kubernetes: { version: 1.34.1, runtime: static-pods }\npreload: [registry.k8s.io/etcd:3.6.5-0]\n",
    );
    expect(preload.filter(({ name }) => name === "registry.k8s.io/etcd:3.6.5-0")).toHaveLength(1);
    expect(preload.map(({ name }) => name)).toContain("registry.k8s.io/kube-apiserver:v1.34.1");
  });
});
