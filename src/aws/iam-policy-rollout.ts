import type { Statement } from "./iam-policy.ts";
import { tagNames } from "./publish-types.ts";
import type { RolloutSpec } from "./rollout-types.ts";

/** What `rollout`, `rollback --fleet` and `status --group` need for the groups of a spec. */
export function rolloutStatements(specName: string, spec: RolloutSpec): readonly Statement[] {
  const regions = [...new Set(spec.groups.map(({ region }) => region))].sort();
  const inRegions = { StringEquals: { "aws:RequestedRegion": regions } };
  const groups = spec.groups.map(
    ({ name, region }) => `arn:aws:autoscaling:${region}:*:autoScalingGroup:*:autoScalingGroupName/${name}`,
  );
  const strategy = spec.strategy ?? "replace";
  const health = spec.health?.node === true || strategy === "in-place";
  const statement = (
    Sid: string,
    Action: readonly string[],
    Resource: Statement["Resource"],
    Condition?: Statement["Condition"],
  ): Statement => ({
    Sid,
    Effect: "Allow",
    Action: [...Action].sort(),
    Resource,
    ...(Condition === undefined ? {} : { Condition }),
  });
  return [
    // Describe calls know no resources; they can only be kept to regions.
    statement(
      "Read",
      [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeInstanceRefreshes",
        "autoscaling:DescribeLifecycleHooks",
        "autoscaling:DescribeScalingActivities",
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeImages",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions",
        ...(strategy === "replace-root"
          ? ["ec2:DescribeInstanceStatus", "ec2:DescribeReplaceRootVolumeTasks"]
          : []),
      ],
      "*",
      inRegions,
    ),
    ...(strategy === "in-place"
      ? []
      : [
          statement(
            "Roll",
            [
              "autoscaling:CancelInstanceRefresh",
              "autoscaling:RollbackInstanceRefresh",
              "autoscaling:StartInstanceRefresh",
              ...(strategy === "replace-root"
                ? [
                    "autoscaling:EnterStandby",
                    "autoscaling:ExitStandby",
                    "autoscaling:UpdateAutoScalingGroup",
                  ]
                : []),
            ],
            groups,
          ),
          statement(
            "Template",
            ["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"],
            regions.map((region) => `arn:aws:ec2:${region}:*:launch-template/*`),
          ),
          // A refresh launches with the caller's rights: with the instance profile of the template, and its tags.
          statement("Launch", ["ec2:CreateTags", "ec2:RunInstances"], "*", inRegions),
          statement("Profile", ["iam:PassRole"], "arn:aws:iam::*:role/*", {
            StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" },
          }),
        ]),
    ...(strategy === "replace-root"
      ? [
          statement("ReplaceRoot", ["ec2:CreateReplaceRootVolumeTask"], "*", {
            StringEquals: { "aws:RequestedRegion": regions, [`aws:ResourceTag/${tagNames.spec}`]: specName },
          }),
        ]
      : []),
    ...(health
      ? [
          statement(
            "AskNodes",
            ["ssm:DescribeInstanceInformation", "ssm:ListCommandInvocations"],
            "*",
            inRegions,
          ),
          statement(
            "RunOnNodes",
            ["ssm:SendCommand"],
            [
              "arn:aws:ssm:*::document/AWS-RunShellScript",
              ...regions.map((region) => `arn:aws:ec2:${region}:*:instance/*`),
            ],
          ),
        ]
      : []),
    ...(spec.userDataStore === undefined
      ? []
      : [
          statement(
            "UserData",
            ["s3:PutObject"],
            `arn:aws:s3:::${spec.userDataStore.replace(/^s3:\/\//u, "").replace(/\/*$/u, "")}/*`,
          ),
        ]),
  ];
}
