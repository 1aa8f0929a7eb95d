import { changesOfMine, type Statement } from "./iam-policy.ts";
import { tagNames } from "./publish-types.ts";

/** What a spec has Packer's amazon-ebs do. */
export interface PackerNeeds {
  readonly specName: string;
  /** Where the instance runs. */
  readonly region: string;
  /** Other regions, which get copies. */
  readonly copies: readonly string[];
  /** Packer 1.7 or newer: it tags most things as it makes them, and knows deprecation. */
  readonly isModern: boolean;
  /** The AMI that it starts from; undefined when that is found by its name. */
  readonly sourceAmi: string | undefined;
  /** Every AMI is then a copy, and what it is copied from is removed. */
  readonly isEncrypted: boolean;
  readonly kmsKeys: readonly string[];
  /** It is shared, or made to ask for IMDSv2. */
  readonly hasAttributes: boolean;
  readonly isDeprecated: boolean;
  /** A temporary key pair opens the instance, rather than a key in its user data. */
  readonly hasKeyPair: boolean;
  readonly hasSession: boolean;
  readonly isSpot: boolean;
  readonly instanceProfile: string | undefined;
  readonly subnet: string | undefined;
  /** None: a temporary one. */
  readonly securityGroups: readonly string[];
}

/** One statement; its conditions are equalities. */
export function allow(
  Sid: string,
  actions: readonly string[],
  Resource: Statement["Resource"],
  StringEquals?: Readonly<Record<string, string | readonly string[]>>,
): Statement {
  const Action = [...actions].sort();
  return { Sid, Effect: "Allow", Action, Resource, ...(StringEquals && { Condition: { StringEquals } }) };
}

export function own({ region }: PackerNeeds, ...resources: readonly string[]): readonly string[] {
  return resources.map((resource) => `arn:aws:ec2:${region}:*:${resource}`);
}

export function here({ region }: PackerNeeds): Readonly<Record<string, readonly string[]>> {
  return { "aws:RequestedRegion": [region] };
}

export function everywhere({ region, copies }: PackerNeeds): Readonly<Record<string, readonly string[]>> {
  return { "aws:RequestedRegion": [region, ...copies] };
}

export function tagged({ specName }: PackerNeeds): Readonly<Record<string, string>> {
  return { [`aws:RequestTag/${tagNames.spec}`]: specName };
}

/** The instance, with what it is started from and by. */
export function launch(needs: PackerNeeds): readonly Statement[] {
  const { region, sourceAmi, securityGroups, subnet, isModern, hasKeyPair } = needs;
  const groups = securityGroups.length === 0 ? ["*"] : securityGroups;
  const from = [
    `arn:aws:ec2:${region}::image/${sourceAmi ?? "*"}`,
    ...own(needs, "network-interface/*", `subnet/${subnet ?? "*"}`),
    ...own(needs, ...groups.map((id) => `security-group/${id}`)),
    ...(hasKeyPair ? own(needs, "key-pair/packer_*") : []),
    ...(needs.isSpot ? own(needs, "launch-template/*") : []),
  ];
  const made = ["instance/*", "volume/*"];
  const alsoTagged = [
    // By newer versions of the plugin, as its network interface is.
    ...(isModern ? ["network-interface/*"] : []),
    ...(isModern && securityGroups.length === 0 ? ["security-group/*"] : []),
    ...(isModern && hasKeyPair ? ["key-pair/packer_*"] : []),
  ];
  const calls = [
    "RunInstances",
    ...(needs.isSpot ? ["CreateFleet"] : []),
    ...(alsoTagged.includes("security-group/*") ? ["CreateSecurityGroup"] : []),
    ...(alsoTagged.includes("key-pair/packer_*") ? ["CreateKeyPair"] : []),
  ];
  const isTagged = isModern || !needs.isSpot;
  return [
    allow("Launch", ["ec2:RunInstances"], own(needs, ...made), {
      ...here(needs),
      ...(isTagged ? tagged(needs) : {}),
    }),
    allow("LaunchFrom", ["ec2:RunInstances"], from, here(needs)),
    // Only as part of the calls that make them: nobody else's becomes ours by a tag.
    ...(isTagged
      ? [
          allow("TagNew", ["ec2:CreateTags"], own(needs, ...made, ...alsoTagged), {
            ...tagged(needs),
            "ec2:CreateAction": calls,
          }),
        ]
      : []),
  ];
}

/**
 * The instance comes from a fleet of one, by a launch template that has no tag, and is tagged when it runs: once more, or by
 * versions of Packer before 1.7 for the first time.
 */
export function spot(needs: PackerNeeds): readonly Statement[] {
  const { specName, isModern } = needs;
  const template = ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:DeleteLaunchTemplate"];
  const machine = own(needs, "instance/*", "volume/*");
  const role = "arn:aws:iam::*:role/aws-service-role/*";
  return [
    allow("Spot", template, "*", here(needs)),
    ...(isModern
      ? [changesOfMine("TagSpot", specName, ["ec2:CreateTags"], machine)]
      : [
          allow("TagSpot", ["ec2:CreateTags"], machine, tagged(needs)),
          allow("EndSpot", ["ec2:TerminateInstances"], own(needs, "instance/*"), here(needs)),
        ]),
    allow("SpotRoles", ["iam:CreateServiceLinkedRole"], role, {
      "iam:AWSServiceName": ["ec2fleet.amazonaws.com", "spot.amazonaws.com"],
    }),
  ];
}
