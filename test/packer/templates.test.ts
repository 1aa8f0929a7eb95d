import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { choosePackerSources, writePackerFiles } from "../../src/commands/packer-folder.ts";
import {
  amazonVariables,
  buildVariables,
  type PackerSource,
  type PackerVariables,
  qemuVariables,
  unmetByPacker,
} from "../../src/commands/packer-variables.ts";
import { renderPacker } from "../../src/commands/render-packer.ts";
import { loadProject, type Project } from "../../src/commands/project.ts";
import { run } from "../../src/host/exec.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const hex = "0".repeat(64);
const buildId = `sha256:${hex}`;

const head = `schemaVersion: 1
name: node
kubernetes: { version: 1.34.1 }
`;

const publish = `publish:
  regions: [eu-central-1, eu-west-1]
  accounts: ["111122223333"]
  tags: { team: nodes }
  deprecateAfter: 90d
`;

const keys = `  kmsKeys:
    eu-central-1: arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000001
    eu-west-1: arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000002
`;

const provisioners = `packer:
  provisioners:
    - { type: shell, when: before-apply, inline: ["echo \\"before\\""] }
    - { type: file, source: scripts/apply, destination: /var/tmp/apply }
    - { type: shell, environment_vars: ["A=\${var.payload_sha256}"], inline: [echo one, echo two], max_retries: 2 }
`;

const filter = `packer:
  amazon:
    base: { name: devnet-*, owners: [self] }
`;

const everything = `packer:
  amazon:
    base: { ami: ami-0123456789abcdef0 }
    instanceType: m7i.large
    instanceProfile: packer
    spotPrice: auto
    spotInstanceTypes: [m6i.large, m7i.large]
    subnet: subnet-0123456789abcdef0
    securityGroups: [sg-0123456789abcdef0]
    volumeSize: 16
    access: key-pair
    sshInterface: session_manager
    sshTimeout: 5m
`;

async function render(
  text: string,
  options: { readonly packerVersion: "1.6.6" | "1.11.2"; readonly accelerator?: "kvm" | "tcg" },
): Promise<{ readonly out: string; readonly sources: readonly PackerSource[] }> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "igneous.yaml"), text);
  const project: Project = await loadProject(folder);
  const out = join(folder, "out");
  await mkdir(join(out, "payload"), { recursive: true });
  const sources = choosePackerSources(project, undefined);
  const { spec } = project.loaded;
  const isModern = options.packerVersion !== "1.6.6";
  const variables: PackerVariables = {
    ...buildVariables({ path: "", sha256: hex as never, size: 0 }),
    ...qemuVariables(spec, { sha256: hex }, { accelerator: options.accelerator ?? "kvm" }),
    ...(sources.includes("amazon-ebs")
      ? amazonVariables(spec, "ami-0123456789abcdef0", buildId, isModern, new Date(0))
      : {}),
  };
  await writePackerFiles(project, out, { sources, isModern, variables });
  await run(testContext(), ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(out, "access.key")]);
  await writeFile(join(out, "access.ign"), "{}");
  await writeFile(join(out, "base.img"), "");
  return { out, sources };
}

const combinations: Readonly<Record<string, string>> = {
  "nothing said": head,
  "own provisioners": head + provisioners,
  "an AMI found by its name": head + publish + filter,
  "an AMI and every option": head + publish + keys + everything,
  "no publish section but a region": `${head}${filter}    region: eu-west-3\n    sshHost: 127.0.0.1\n    sshPort: 2222\n`,
};

describe("packer templates", () => {
  for (const [name, text] of Object.entries(combinations)) {
    for (const accelerator of ["kvm", "tcg"] as const) {
      it(`packer ${accelerator}: takes and would not format otherwise: ${name}`, async () => {
        requireTool("packer");
        const { out } = await render(text, { packerVersion: "1.6.6", accelerator });
        const env = { CHECKPOINT_DISABLE: "1", AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" };
        const { stdout } = await run(testContext(), ["packer", "fmt", "-check", "-diff", "."], {
          cwd: out,
          env,
          okExits: [0, 3],
        });
        expect(stdout).toBe("");
        await run(testContext(), ["packer", "validate", "."], { cwd: out, env });
      });
    }
  }

  it("for Packer 1.7 and newer the plugins have a file of their own, formatted like the rest", async () => {
    requireTool("packer");
    const { out } = await render(head + publish + keys + everything, { packerVersion: "1.11.2" });
    expect(await readdir(out)).toContain("plugins.pkr.hcl");
    const argv = ["packer", "fmt", "-check", "-diff", "."] as const;
    const { stdout } = await run(testContext(), argv, { cwd: out, okExits: [0, 3] });
    expect(stdout).toBe("");
  });

  it("rendering for one source takes the other's template out of the folder, and leaves files of yours", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), head + publish + filter);
    const project = await loadProject(folder);
    const out = join(folder, "out");
    await mkdir(out);
    await writeFile(join(out, "mine.pkr.hcl"), "# mine\n");
    const both = { sources: ["qemu", "amazon-ebs"], isModern: true, variables: {} } as const;
    await writePackerFiles(project, out, both);
    await writePackerFiles(project, out, { ...both, sources: ["amazon-ebs"], isModern: false });
    const hcl = (await readdir(out)).filter((name) => name.endsWith(".pkr.hcl")).sort();
    expect(hcl).toEqual(["amazon-ebs.pkr.hcl", "build.pkr.hcl", "mine.pkr.hcl"]);
  });

  it("a template in the project's own packer/ wins over that of igneous", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), head);
    await mkdir(join(folder, "packer"));
    await writeFile(join(folder, "packer/qemu.pkr.hcl.hbs"), "# mine{{#if qemu}}, with qemu{{/if}}\n");
    const project = await loadProject(folder);
    const out = join(folder, "out");
    await writePackerFiles(project, out, { sources: ["qemu"], isModern: false, variables: {} });
    const { stdout } = await run(testContext(), ["cat", join(out, "qemu.pkr.hcl")]);
    expect(stdout).toBe("# mine, with qemu\n");
  });

  it("a wrong template of the project's own is found before anything is made", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), head);
    await mkdir(join(folder, "packer"));
    await writeFile(join(folder, "packer/qemu.pkr.hcl.hbs"), "a\n{{gone}}\n");
    const options = { out: join(folder, "out"), only: undefined, packerVersion: "1.6.6" };
    const failure: unknown = await renderPacker(testContext(), folder, options).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      report: { file: "packer/qemu.pkr.hcl.hbs", diagnostics: [{ position: { line: 2, column: 3 } }] },
    });
    expect(await readdir(folder)).not.toContain(".igneous");
  });

  it("what Packer will not do for the spec is named, more of it for old versions", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), `${head}${publish}  protect: true\n`);
    const { spec } = (await loadProject(folder)).loaded;
    expect(unmetByPacker(spec, false)).toEqual(["publish.protect", "publish.deprecateAfter"]);
    expect(unmetByPacker(spec, true)).toEqual(["publish.protect"]);
  });

  it("amazon-ebs without a base in the spec is refused with what to add", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), head);
    const project = await loadProject(folder);
    expect(() => choosePackerSources(project, "amazon-ebs")).toThrow(
      /does not say what amazon-ebs starts from/u,
    );
  });
});
