import { changesOfMine, copyKeys, images, type Policy, snapshots, type Statement } from "./iam-policy.ts";
import {
  allow,
  everywhere,
  here,
  launch,
  own,
  type PackerNeeds,
  spot,
  tagged,
} from "./iam-policy-packer-launch.ts";
import { tagNames } from "./publish-types.ts";

/**
 * The least that `bake --builder packer --only amazon-ebs` needs for one spec: what Packer calls, and what igneous asks around
 * it. What Packer makes must carry the spec's tag; changes go to what carries it, where EC2 and the version of Packer allow.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
export function packerPolicy(needs: PackerNeeds): Policy {
  const Statement: readonly Statement[] = [
    // Describe calls know no resources; they can only be kept to regions.
    allow("Read", reads(needs), "*", everywhere(needs)),
    ...launch(needs),
    ...(needs.isSpot ? spot(needs) : []),
    changesOfMine(
      "Machine",
      needs.specName,
      ["ec2:CreateImage", "ec2:StopInstances", "ec2:TerminateInstances"],
      own(needs, "instance/*"),
    ),
    changesOfMine("Volume", needs.specName, ["ec2:DeleteVolume"], own(needs, "volume/*")),
    ...(needs.hasKeyPair
      ? [allow("KeyPair", ["ec2:CreateKeyPair", "ec2:DeleteKeyPair"], own(needs, "key-pair/packer_*"))]
      : []),
    ...(needs.securityGroups.length === 0 ? securityGroup(needs) : []),
    ...imagesOf(needs),
    ...(needs.instanceProfile === undefined ? [] : profile(needs.instanceProfile)),
    ...(needs.hasSession ? session(needs) : []),
    ...copyKeys(needs.kmsKeys),
  ];
  return { Version: "2012-10-17", Statement };
}

function reads({ subnet, isSpot }: PackerNeeds): readonly string[] {
  return [
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    // What a failed run left is asked for.
    "ec2:DescribeKeyPairs",
    ...(isSpot ? ["ec2:DescribeLaunchTemplates"] : []),
    "ec2:DescribeRegions",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSnapshots",
    ...(subnet === undefined ? [] : ["ec2:DescribeSubnets"]),
    "ec2:DescribeVolumes",
  ];
}

function securityGroup(needs: PackerNeeds): readonly Statement[] {
  const group = own(needs, "security-group/*");
  const changes = [
    "ec2:DeleteSecurityGroup",
    ...(needs.hasSession ? [] : ["ec2:AuthorizeSecurityGroupIngress"]),
  ];
  // Older versions of Packer give it no tag.
  if (!needs.isModern) {
    const calls = ["ec2:CreateSecurityGroup", ...changes];
    return [allow("SecurityGroup", calls, own(needs, "security-group/*", "vpc/*"), here(needs))];
  }
  return [
    allow("SecurityGroup", ["ec2:CreateSecurityGroup"], group, { ...here(needs), ...tagged(needs) }),
    allow("SecurityGroupIn", ["ec2:CreateSecurityGroup"], own(needs, "vpc/*"), here(needs)),
    changesOfMine("MySecurityGroup", needs.specName, changes, group),
  ];
}

function imagesOf(needs: PackerNeeds): readonly Statement[] {
  const { specName, isModern, isEncrypted, copies } = needs;
  const isCopied = isEncrypted || copies.length > 0;
  const both = [images, snapshots];
  const settle = [
    ...(needs.isDeprecated ? ["ec2:EnableImageDeprecation"] : []),
    ...(needs.hasAttributes ? ["ec2:ModifyImageAttribute"] : []),
  ];
  const removal = ["ec2:DeleteSnapshot", "ec2:DeregisterImage"];
  const inRegions = everywhere(needs);
  return [
    allow("Make", ["ec2:CreateImage", ...(isCopied ? ["ec2:CopyImage"] : [])], both, inRegions),
    // Not only while they are made: copies, and all of older versions of Packer, get their tags last.
    allow("TagImages", ["ec2:CreateTags"], both, { ...inRegions, ...tagged(needs) }),
    // Newer versions of the plugin have the tags copied as well.
    ...(isModern && isCopied
      ? [allow("TagCopies", ["ec2:CreateTags"], both, { ...inRegions, "ec2:CreateAction": ["CopyImage"] })]
      : []),
    ...(settle.length === 0
      ? []
      : [
          isModern && !isCopied
            ? changesOfMine("Settle", specName, settle, images)
            : allow("Settle", settle, images, inRegions),
        ]),
    isModern ? changesOfMine("Remove", specName, removal, both) : allow("Remove", removal, both, here(needs)),
  ];
}

/** An instance profile is passed as its role, which usually has its name. */
function profile(name: string): readonly Statement[] {
  return [
    allow("Profile", ["iam:GetInstanceProfile"], `arn:aws:iam::*:instance-profile/${name}`),
    allow("Role", ["iam:PassRole"], `arn:aws:iam::*:role/${name}`, {
      "iam:PassedToService": ["ec2.amazonaws.com"],
    }),
  ];
}

function session(needs: PackerNeeds): readonly Statement[] {
  const { specName, region, hasKeyPair, isModern } = needs;
  const key = "ec2-instance-connect:SendSSHPublicKey";
  const mine = { [`ssm:resourceTag/${tagNames.spec}`]: specName };
  return [
    allow("Session", ["ssm:StartSession"], own(needs, "instance/*"), mine),
    allow(
      "SessionKind",
      ["ssm:StartSession"],
      `arn:aws:ssm:${region}::document/AWS-StartPortForwardingSession`,
    ),
    allow(
      "EndSession",
      ["ssm:TerminateSession"],
      // eslint-disable-next-line no-template-curly-in-string -- variables of IAM
      ["${aws:userid}", "${aws:username}"].map((who) => `arn:aws:ssm:${region}:*:session/${who}-*`),
    ),
    ...(isModern && !hasKeyPair
      ? [changesOfMine("SessionKey", specName, [key], own(needs, "instance/*"))]
      : []),
  ];
}
