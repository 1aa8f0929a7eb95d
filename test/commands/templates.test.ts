import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderFailure } from "../../src/cli/failure.ts";
import { createPaint } from "../../src/cli/paint.ts";
import { bake, planProjectBake } from "../../src/commands/bake.ts";
import { committedTree } from "../../src/commands/base-tree.ts";
import { commitHost } from "../../src/commands/bake-host.ts";
import { lockProject } from "../../src/commands/lock.ts";
import { loadProject } from "../../src/commands/project.ts";
import {
  type ImageConfiguration,
  renderImageTemplate,
  renderLaunchTemplate,
  renderTemplates,
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

/** A project of the sample's templates with this `butane:` section, and more below it. */
async function projectWith(butane: string, more = "", launch?: string) {
  const folder = await temporaryFolder();
  await cp("butane", join(folder, "butane"), { recursive: true });
  if (launch !== undefined) await writeFile(join(folder, "butane/launch.bu.hbs"), launch);
  const spec = `schemaVersion: 1\nname: node\nkubernetes: { version: 1.34.1 }\n${more}butane:\n${butane}`;
  await writeFile(join(folder, "igneous.yaml"), spec);
  return loadProject(folder);
}

const templates = "  image: butane/image.bu.hbs\n  launch: butane/launch.bu.hbs\n";

async function failureOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof IgneousError) return renderFailure(error, createPaint(false));
    throw error;
  }
  return "no failure";
}

describe("renderTemplates", () => {
  it("finds a missing variable of the launch template, and says where to set it", async () => {
    const project = await projectWith(
      `${templates}  variables:\n    sshKeys: []\n`,
      "",
      `${head}passwd:\n  users:\n    - name: core\n      ssh_authorized_keys: {{yaml sshKey}}\n`,
    );
    const text = await failureOf(() => renderTemplates(project));
    expect(text).toContain("butane/launch.bu.hbs:6:28: error: variable 'sshKey' has no value");
    expect(text).toContain("did you mean 'sshKeys'? If not, set butane.variables.sshKey in igneous.yaml:8");
  });

  it("finds what Butane refuses in the launch template", async () => {
    const project = await projectWith(templates, "", `${head}storage:\n  files:\n    - path: etc/x\n`);
    expect(await failureOf(() => renderTemplates(project))).toMatch(
      /butane\/launch\.bu\.hbs:5:\d+: error: .*path not absolute/u,
    );
  });

  it("refuses a variable that no template asks for, with the one that was meant", async () => {
    const project = await projectWith(`${templates}  variables:\n    hostnme: a\n    colour: red\n`);
    const text = await failureOf(() => renderTemplates(project));
    expect(text).toContain("igneous.yaml:8:5: error: butane.variables: no template asks for 'hostnme'");
    expect(text).toContain("= did you mean 'hostname'?");
    expect(text).toContain("igneous.yaml:9:5: error: butane.variables: no template asks for 'colour'");
    expect(text).toContain("= take it out; the templates ask for: sshKeys, gethVolume, hostname, roles,");
  });

  it("refuses one value where a list is wanted, which a template would silently leave out", async () => {
    const project = await projectWith(`${templates}  variables:\n    roles: worker\n`);
    expect(await failureOf(() => renderTemplates(project))).toContain(
      "igneous.yaml:8:5: error: butane.variables.roles: wanted a list, such as [worker]",
    );
  });

  it("refuses a variable of a group that the launch template does not ask for", async () => {
    const rollout =
      "rollout:\n  groups:\n    - name: workers\n      region: eu-central-1\n      variables: { colour: red }\n";
    const project = await projectWith(templates, rollout);
    expect(await failureOf(() => renderTemplates(project))).toContain(
      "igneous.yaml:8:20: error: rollout.groups[0].variables: no template asks for 'colour'",
    );
  });

  it("gives the boot check's machine the roles of bootTest, else those of the variables, else both", async () => {
    const rolesIn = async (butane: string, more = ""): Promise<readonly string[]> => {
      const { launch } = renderTemplates(await projectWith(templates + butane, more));
      return [...launch.matchAll(/roles\.d\/([a-z-]+)/gu)].map(([, role = ""]) => role);
    };
    const variables = "  variables: { roles: [worker] }\n";
    expect(await rolesIn(variables, "bootTest: { roles: [etcd, geth] }\n")).toEqual(["etcd", "geth"]);
    expect(await rolesIn(variables)).toEqual(["worker"]);
    expect(await rolesIn("")).toEqual(["control-plane", "worker"]);
  });

  it("is done before a lock is made or a bake begins", async () => {
    const { folder } = await projectWith(`${templates}  variables: { hostnme: a }\n`);
    const context = testContext();
    const options = { builder: "qemu", out: undefined, bootTest: true } as const;
    for (const run of [
      () => lockProject(context, folder, { update: [], refreshGone: false }),
      () => planProjectBake(folder, options),
      () => bake(context, folder, options),
    ])
      expect(await failureOf(run)).toContain("no template asks for 'hostnme'");
    expect((await readdir(folder)).sort()).toEqual(["butane", "igneous.yaml"]);
  });
});

describe("a template that is not there", () => {
  it("is named at its line of the spec", async () => {
    const text = await failureOf(() => projectWith("  image: butane/imag.bu.hbs\n"));
    expect(text).toContain("igneous.yaml:5:10: error: butane.image: no file at butane/imag.bu.hbs");
    const folder = await failureOf(() => projectWith("  launch: butane\n"));
    expect(folder).toContain("igneous.yaml:5:11: error: butane.launch: butane is a folder, not a file");
  });
});
