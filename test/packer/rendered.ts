import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { choosePackerSources, writePackerFiles } from "../../src/commands/packer-folder.ts";
import {
  amazonVariables,
  buildVariables,
  type PackerVariables,
  qemuVariables,
} from "../../src/commands/packer-variables.ts";
import { loadProject, type Project } from "../../src/commands/project.ts";
import type { Context } from "../../src/core/context.ts";
import { run } from "../../src/host/exec.ts";
import type { PackerKind } from "../../src/packer/version.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const hex = "0".repeat(64);
const buildId = `sha256:${hex}`;

export const head = `schemaVersion: 1
name: node
kubernetes: { version: 1.34.1 }
`;

export const publish = `publish:
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

export const filter = `packer:
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

/** The folder that is rendered of a spec for a version of Packer, without its disk and its payload. */
export async function renderSpec(
  text: string,
  options: {
    readonly packer: Pick<PackerKind, "isModern" | "hasImds">;
    readonly accelerator?: "kvm" | "tcg";
  },
): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "igneous.yaml"), text);
  const project: Project = await loadProject(folder);
  const out = join(folder, "out");
  await mkdir(join(out, "payload"), { recursive: true });
  const sources = choosePackerSources(project, undefined);
  const { spec } = project.loaded;
  const { packer } = options;
  const variables: PackerVariables = {
    ...buildVariables({ path: "", sha256: hex as never, size: 0 }),
    ...qemuVariables(spec, { sha256: hex }, { accelerator: options.accelerator ?? "kvm" }),
    ...(sources.includes("amazon-ebs")
      ? amazonVariables(spec, "ami-0123456789abcdef0", buildId, packer.isModern, new Date(0))
      : {}),
  };
  await writePackerFiles(project, out, { sources, packer, variables });
  await run(testContext(), ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(out, "access.key")]);
  await writeFile(join(out, "access.ign"), "{}");
  await writeFile(join(out, "base.img"), "");
  return out;
}

/** Specs that between them use every option of `packer:`. */
export const combinations: Readonly<Record<string, string>> = {
  "nothing said": head,
  "own provisioners": head + provisioners,
  "an AMI found by its name": head + publish + filter,
  "an AMI and every option": head + publish + keys + everything,
  "no publish section but a region": `${head}${filter}    region: eu-west-3\n    sshHost: 127.0.0.1\n    sshPort: 2222\n`,
};

/** What `packer fmt` would change, and then whether `packer validate` takes the folder: by the Packer of a context. */
export async function judge(context: Context, out: string): Promise<string> {
  const options = {
    cwd: out,
    env: { CHECKPOINT_DISABLE: "1", AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" },
  };
  const { stdout } = await run(context, ["packer", "fmt", "-check", "-diff", "."], {
    ...options,
    okExits: [0, 3],
  });
  await run(context, ["packer", "validate", "."], options);
  return stdout;
}
