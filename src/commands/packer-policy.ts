import type { Policy } from "../aws/iam-policy.ts";
import { packerPolicy } from "../aws/iam-policy-packer.ts";
import { launchPermissions } from "../aws/image-input.ts";
import type { Context } from "../core/context.ts";
import { findPackerKind } from "../packer/version.ts";
import { packerBase } from "./asked-source-amis.ts";
import { choosePackerSources } from "./packer-folder.ts";
import type { Project } from "./project.ts";

/** The policy for `bake --builder packer --only amazon-ebs`, by the version of Packer given or on PATH. */
export async function packerProjectPolicy(
  context: Context,
  project: Project,
  packerVersion: string | undefined,
): Promise<Policy> {
  choosePackerSources(project, "amazon-ebs");
  const { spec } = project.loaded;
  const { publish } = spec;
  const amazon = spec.packer?.amazon;
  const region = amazon?.region ?? publish?.regions[0];
  if (amazon === undefined || region === undefined) throw new Error("amazon-ebs has no base or no region");
  const { isModern, hasImds } = await findPackerKind(context, packerVersion);
  const base = packerBase(spec);
  const kmsKeys = Object.values(publish?.kmsKeys ?? {});
  const launchers = {
    ...publish,
    ...(isModern ? {} : { organizations: [], organizationalUnits: [] }),
    regions: [region],
  };
  return packerPolicy({
    specName: spec.name,
    region,
    copies: (publish?.regions ?? []).filter((each) => each !== region),
    isModern,
    sourceAmi: typeof base === "string" ? base : undefined,
    isEncrypted: publish?.encrypted === true || kmsKeys.length > 0,
    kmsKeys,
    hasAttributes: hasImds || launchPermissions(launchers).length > 0,
    isDeprecated: isModern && publish?.deprecateAfter !== undefined,
    hasKeyPair: amazon.access === "key-pair",
    hasSession: amazon.sshInterface === "session_manager",
    isSpot: amazon.spotPrice !== undefined,
    instanceProfile: amazon.instanceProfile,
    subnet: amazon.subnet,
    securityGroups: amazon.securityGroups ?? [],
  });
}
