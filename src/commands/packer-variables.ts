import { tagNames } from "../aws/publish-types.ts";
import { findDuration, imageName } from "../aws/image-input.ts";
import type { ProbedAccelerator } from "../disk/accelerator.ts";
import { findBytes } from "../core/units.ts";
import type { Spec } from "../spec/schema.ts";
import type { PayloadArchive } from "./payload-archive.ts";

export type PackerSource = "qemu" | "amazon-ebs";

type Value = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;
export type PackerVariables = Readonly<Record<string, Value>>;

/** What `build.pkr.hcl` wants. */
export function buildVariables(payload: PayloadArchive): PackerVariables {
  return { payload_sha256: payload.sha256 };
}

/** What `qemu.pkr.hcl` wants, on this machine. */
export function qemuVariables(
  spec: Spec,
  base: { readonly sha256: string },
  { accelerator }: Pick<ProbedAccelerator, "accelerator">,
): PackerVariables {
  const { memory, cpus } = spec.bootTest;
  const common = {
    base_sha256: base.sha256,
    cpus,
    memory: Math.floor((findBytes(memory) ?? 2 ** 31) / 2 ** 20),
  };
  if (accelerator === "kvm") return common;
  // QEMU 7.2 emulates cmpxchg16b in a way that newer kernels do not survive on several CPUs.
  return { ...common, accelerator: "tcg", cpu: "EPYC,-cx16", login_timeout: "20m" };
}

/** What `amazon-ebs.pkr.hcl` wants. `publish:` says where the AMI goes, as for every builder. */
export function amazonVariables(
  spec: Spec,
  sourceAmi: string | undefined,
  buildId: string,
  isModern: boolean,
  now: Date,
): PackerVariables | undefined {
  const amazon = spec.packer?.amazon;
  const { publish } = spec;
  const region = amazon?.region ?? publish?.regions[0];
  if (amazon === undefined || region === undefined) return undefined;
  const byIgnition = amazon.access === "ignition";
  const name = imageName({ specName: spec.name, buildId });
  const others = (publish?.regions ?? []).filter((each) => each !== region);
  const kmsKeys = publish?.kmsKeys ?? {};
  const encrypted = publish?.encrypted === true || Object.keys(kmsKeys).length > 0;
  return defined({
    region,
    ami_name: name,
    source_ami: sourceAmi,
    ami_regions: others,
    ami_users: publish?.accounts,
    encrypt_boot: encrypted ? true : undefined,
    kms_key_id: kmsKeys[region],
    region_kms_key_ids:
      encrypted && others.length > 0
        ? Object.fromEntries(others.map((each) => [each, kmsKeys[each] ?? ""]))
        : undefined,
    instance_type: amazon.spotInstanceTypes === undefined ? (amazon.instanceType ?? "m6i.large") : undefined,
    instance_profile: amazon.instanceProfile,
    spot_price: amazon.spotPrice,
    spot_instance_types: amazon.spotInstanceTypes,
    subnet_id: amazon.subnet,
    security_group_ids: amazon.securityGroups,
    volume_size: amazon.volumeSize,
    ssh_username: amazon.sshUser ?? (byIgnition ? "root" : "core"),
    ssh_interface: amazon.sshInterface,
    ssh_host: amazon.sshHost,
    ssh_port: amazon.sshPort,
    ssh_timeout: amazon.sshTimeout,
    ssh_private_key_file: byIgnition ? "access.key" : undefined,
    user_data_file: byIgnition ? "access.ign" : undefined,
    tags: { Name: name, ...publish?.tags, [tagNames.build]: buildId, [tagNames.spec]: spec.name },
    ami_org_arns: isModern ? publish?.organizations : undefined,
    ami_ou_arns: isModern ? publish?.organizationalUnits : undefined,
    deprecate_at: isModern ? deprecationOf(publish?.deprecateAfter, now) : undefined,
  });
}

/** What `publish:` asks for and Packer's AMIs will not have. */
export function unmetByPacker({ publish }: Spec, isModern: boolean): readonly string[] {
  const never = ["ssmParameter", "protect"] as const;
  const notByOld = ["organizations", "organizationalUnits", "deprecateAfter"] as const;
  const wanted = [...never, ...(isModern ? [] : notByOld)];
  return wanted.filter((key) => publish?.[key] !== undefined).map((key) => `publish.${key}`);
}

function deprecationOf(after: string | undefined, now: Date): string | undefined {
  const ms = after === undefined ? undefined : findDuration(after);
  if (ms === undefined) return undefined;
  return new Date(now.getTime() + ms).toISOString().replace(/\.\d+Z$/u, "Z");
}

function defined(values: Readonly<Record<string, Value | undefined>>): PackerVariables {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, Value] => entry[1] !== undefined),
  );
}
