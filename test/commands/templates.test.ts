import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { committedTree } from "../../src/commands/base-tree.ts";
import { commitHost } from "../../src/commands/bake-host.ts";
import { loadProject } from "../../src/commands/project.ts";
import {
  type ImageConfiguration,
  renderImageTemplate,
  renderLaunchTemplate,
} from "../../src/commands/templates.ts";
import { IgneousError } from "../../src/core/errors.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { listTree, readTreeFile } from "../../src/ostree/tree-read.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const head = "variant: fcos\nversion: 1.4.0\n";

async function projectOf(template: string, use: "image" | "launch" = "image") {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "butane"));
  await writeFile(join(folder, "butane/x.bu.hbs"), template);
  const spec = `schemaVersion: 1\nname: node\nkubernetes: { version: 1.34.1 }\nbutane:\n  ${use}: butane/x.bu.hbs\n  variables: { role: "a\\nb" }\n`;
  await writeFile(join(folder, "igneous.yaml"), spec);
  return loadProject(folder);
}

async function configurationOf(template: string): Promise<ImageConfiguration> {
  const configuration = renderImageTemplate(await projectOf(template));
  if (configuration === undefined) throw new Error("there is no template");
  return configuration;
}

/** The host tree that a template makes of a base, as lines. */
async function bakeOnto(template: string): Promise<readonly string[]> {
  const context = testContext();
  const configuration = await configurationOf(template);
  const repo = await openRepo(context, join(await temporaryFolder(), "repo"), { fsync: false });
  const passwd = "root:x:0:0:root:/root:/bin/bash\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n";
  const tree = treeOfPaths([
    ["/usr/etc/passwd", { kind: "file", contents: passwd }],
    ["/usr/etc/hosts", { kind: "file", contents: "127.0.0.1 localhost\n", mode: 0o600, uid: 1 }],
    ["/usr/etc/dir/old", { kind: "file", contents: "old" }],
  ]);
  const base = await commitTree(context, repo, tree, { subject: "base" });
  const payload = await commitTree(
    context,
    repo,
    treeOfPaths([["/usr/etc/motd", { kind: "file", contents: "of the payload\n" }]]),
    { subject: "payload" },
  );
  const { removed, added } = configuration.layOver(committedTree(repo, payload, base));
  const overlays = [...removed, added];
  const host = await commitHost(context, repo, {
    version: "1",
    ref: "igneous/host/x",
    base,
    payload,
    overlays,
  });
  const lines: string[] = [];
  for (const entry of listTree(repo, host, "/usr/etc")) {
    const contents = entry.kind === "file" ? await readTreeFile(context, repo, host, entry.path) : "";
    lines.push(
      `${entry.path} ${entry.kind} ${(entry.mode & 0o7777).toString(8)} ${entry.uid} ${String(contents).trim()}`,
    );
  }
  return lines;
}

/** What is refused of a template, with its line. */
async function refusalsOf(run: () => Promise<unknown>): Promise<readonly string[]> {
  const error: unknown = await run().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof IgneousError)) throw error;
  return (error.report?.diagnostics ?? []).map(({ position, message }) => `${position?.line}: ${message}`);
}

describe("renderImageTemplate", () => {
  it("bakes files, owners by name, additions and replacements into the host tree", async () => {
    const lines = await bakeOnto(`${head}storage:
  directories:
    - { path: /etc/dir, overwrite: true, mode: 0700 }
  files:
    - path: /etc/hosts
      append: [{ inline: "::1 localhost" }]
    - path: /etc/motd
      overwrite: true
      user: { name: _apt }
      contents: { inline: {{json role}} }
`);
    expect(lines).toEqual([
      "/usr/etc directory 755 0 ",
      "/usr/etc/hosts file 600 1 127.0.0.1 localhost\n::1 localhost",
      "/usr/etc/motd file 644 42 a\nb",
      expect.stringContaining("/usr/etc/passwd file 644 0 "),
      "/usr/etc/dir directory 700 0 ",
    ]);
  });

  it("names what no image can have at its line of the template, before anything is made", async () => {
    const template = `{{#if role}}\n${head}{{/if}}\nstorage:\n  files:\n    - path: /var/x\n  disks:\n    - device: /dev/sda\n      wipe_table: true\nkernel_arguments:\n  should_not_exist: [rw]\n`;
    expect(await refusalsOf(() => configurationOf(template))).toEqual([
      expect.stringMatching(/^7: \/var\/x is not part of an image/u),
      expect.stringMatching(/^9: disks belong to a machine/u),
      "12: no image boots without rw",
    ]);
  });

  it("names what the base decides when the base is known", async () => {
    const template = `${head}storage:\n  files:\n    - path: /etc/hosts\n      contents: { inline: x }\n    - path: /etc/a\n      group: { name: gone }\n`;
    expect(await refusalsOf(() => bakeOnto(template))).toEqual([
      "5: /etc/hosts is a file of the image already: say overwrite: true to replace it",
      "8: there is no group gone in the image or in this config",
    ]);
  });

  it("hands warnings and the kernel arguments on", async () => {
    const { warnings, kernelArguments } = await configurationOf(
      `${head}unknown: 1\nkernel_arguments:\n  should_exist: [quiet]\n  should_not_exist: [splash]\n`,
    );
    expect(warnings).toMatchObject([{ severity: "warning", position: { line: 3 } }]);
    expect(kernelArguments(["splash", "a=b"])).toEqual(["a=b", "quiet"]);
  });
});

describe("renderLaunchTemplate", () => {
  it("writes no newer Ignition than the node reads, and names what needs one at its line", async () => {
    const newer = head.replace("1.4.0", "1.6.0");
    const project = await projectOf(`${newer}kernel_arguments: { should_exist: [quiet] }\n`, "launch");
    expect(JSON.parse(renderLaunchTemplate(project, {}))).toMatchObject({ ignition: { version: "3.3.0" } });
    const cex = await projectOf(
      `${newer}storage:\n  luks:\n    - name: a\n      device: /dev/a\n      cex: { enabled: true }\n`,
      "launch",
    );
    expect(await refusalsOf(async () => renderLaunchTemplate(cex, {}))).toEqual([
      "7: 'cex' needs Ignition 3.5.0, but 3.3 is the newest allowed",
    ]);
  });
});
