import type { PublishSpec } from "./publish-types.ts";
import { launchPermissions } from "./image-input.ts";
import { tagNames } from "./publish-types.ts";

export const policyCommands = [
  "gc",
  "imagebuilder",
  "lock",
  "packer",
  "publish",
  "rollout",
  "status",
  "verify",
] as const;
export type PolicyCommand = (typeof policyCommands)[number];

export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** An IAM policy document. */
export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** The least that a command needs, for one spec: only its regions, and changes only to what carries its tag. */
export function iamPolicy(
  command: Exclude<PolicyCommand, "imagebuilder" | "lock" | "packer" | "rollout">,
  specName: string,
  spec: PublishSpec,
): Policy {
  const statements = { gc, publish, status, verify }[command](specName, spec);
  return { Version: "2012-10-17", Statement: statements };
}

export const snapshots = "arn:aws:ec2:*::snapshot/*";
export const images = "arn:aws:ec2:*::image/*";

function inRegions(spec: PublishSpec): Readonly<Record<string, readonly string[]>> {
  return { "aws:RequestedRegion": [...spec.regions] };
}

/** Describe calls know no resources; they can only be kept to regions. */
export function reads(spec: PublishSpec, actions: readonly string[], regions = true): Statement {
  return {
    Sid: "Read",
    Effect: "Allow",
    Action: [...actions].sort(),
    Resource: "*",
    ...(regions ? { Condition: { StringEquals: inRegions(spec) } } : {}),
  };
}

export function changesOfMine(
  sid: string,
  specName: string,
  actions: readonly string[],
  resource: string | readonly string[],
): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: [...actions].sort(),
    Resource: resource,
    Condition: { StringEquals: { [`aws:ResourceTag/${tagNames.spec}`]: specName } },
  };
}

function publish(specName: string, spec: PublishSpec): readonly Statement[] {
  const shared = launchPermissions(spec).length > 0;
  const settle = [
    ...(spec.deprecateAfter === undefined ? [] : ["ec2:EnableImageDeprecation"]),
    ...(spec.protect === true ? ["ec2:EnableImageDeregistrationProtection"] : []),
    ...(shared ? ["ec2:ModifyImageAttribute"] : []),
  ];
  const copies = spec.regions.length > 1 ? ["ec2:CopyImage"] : [];
  return [
    reads(spec, [
      "ec2:DescribeImages",
      "ec2:DescribeSnapshots",
      ...(shared ? ["ec2:DescribeImageAttribute"] : []),
    ]),
    {
      Sid: "Make",
      Effect: "Allow",
      Action: ["ebs:StartSnapshot", "ec2:CreateTags", "ec2:RegisterImage", ...copies].sort(),
      Resource: [images, snapshots],
      Condition: { StringEquals: inRegions(spec) },
    },
    changesOfMine("Upload", specName, ["ebs:CompleteSnapshot", "ebs:PutSnapshotBlock"], snapshots),
    // Only what failed is removed: a snapshot that EBS gave up, a copy that did not succeed.
    changesOfMine(
      "Settle",
      specName,
      [...settle, "ec2:DeleteSnapshot", "ec2:DeregisterImage"],
      [images, snapshots],
    ),
    ...parameter(spec, ["ssm:GetParameter", "ssm:PutParameter"]),
    ...copyKeys(Object.values(spec.kmsKeys ?? {})),
  ];
}

function status(_specName: string, spec: PublishSpec): readonly Statement[] {
  return [reads(spec, ["ec2:DescribeImages"])];
}

function verify(specName: string, spec: PublishSpec): readonly Statement[] {
  return [
    reads(spec, ["ec2:DescribeImageAttribute", "ec2:DescribeImages"]),
    changesOfMine("ReadBlocks", specName, ["ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks"], snapshots),
    ...parameter(spec, ["ssm:GetParameter"]),
    ...keys(Object.values(spec.kmsKeys ?? {}), ["kms:Decrypt"]),
  ];
}

function gc(specName: string, spec: PublishSpec): readonly Statement[] {
  const actions = [
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeLaunchConfigurations",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeRegions",
    "ec2:DescribeSnapshots",
    // Launch templates may name an image by parameter; which one is asked through EC2 with the caller's rights.
    "ssm:GetParameters",
  ];
  return [
    reads(spec, actions, false),
    changesOfMine(
      "Remove",
      specName,
      ["ec2:DeleteSnapshot", "ec2:DeregisterImage", "ec2:DisableImageDeregistrationProtection"],
      [images, snapshots],
    ),
    ...parameter(spec, ["ssm:GetParameter"]),
  ];
}

export function parameter(spec: PublishSpec, actions: readonly string[]): readonly Statement[] {
  if (spec.ssmParameter === undefined) return [];
  const Resource = `arn:aws:ssm:*:*:parameter${spec.ssmParameter}`;
  return [{ Sid: "Parameter", Effect: "Allow", Action: actions, Resource }];
}

/** What an encrypted copy takes of the keys. */
export function copyKeys(arns: readonly string[]): readonly Statement[] {
  return keys(arns, [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ]);
}

function keys(arns: readonly string[], actions: readonly string[]): readonly Statement[] {
  return arns.length === 0 ? [] : [{ Sid: "Keys", Effect: "Allow", Action: actions, Resource: arns }];
}
