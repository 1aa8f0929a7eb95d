import { changesOfMine, images, parameter, type Policy, reads, type Statement } from "./iam-policy.ts";
import { launchPermissions } from "./image-input.ts";
import { resourceName } from "./image-builder-input.ts";
import { bucketAndPrefix } from "./image-builder-store.ts";
import type { ImageBuilderSpec } from "./image-builder-types.ts";
import type { PublishSpec } from "./publish-types.ts";

/**
 * The least that `bake --builder imagebuilder` needs for one spec: its resources by name, its objects by prefix. What Image
 * Builder and its instances do is allowed by their own roles.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2imagebuilder.html
 */
export function imageBuilderPolicy(specName: string, publish: PublishSpec, spec: ImageBuilderSpec): Policy {
  const home = publish.regions[0] ?? "";
  const name = resourceName(specName);
  const builder = (...kinds: readonly string[]): readonly string[] =>
    kinds.map((kind) => `arn:aws:imagebuilder:${home}:*:${kind}`);
  const versioned = builder(`component/${name}/*`, `image-recipe/${name}/*`, `image/${name}/*`);
  const configurations = builder(
    `distribution-configuration/${name}-*`,
    `infrastructure-configuration/${name}-*`,
  );
  const pipelines = spec.schedule === undefined ? [] : ["CreateImagePipeline", "UpdateImagePipeline"];
  const ofPipelines = spec.schedule === undefined ? [] : builder(`image-pipeline/${name}`);
  const actions = (...names: readonly string[]): readonly string[] =>
    names.map((action) => `imagebuilder:${action}`).sort();
  const allow = (
    Sid: string,
    Action: readonly string[],
    Resource: Statement["Resource"],
    more: Pick<Statement, "Condition"> = {},
  ): Statement => ({ Sid, Effect: "Allow", Action, Resource, ...more });
  const isShared = launchPermissions(publish).length > 0;
  const settled = [
    // Image Builder shares what it distributes; where that is late or incomplete, it is done again.
    ...(isShared ? ["ec2:ModifyImageAttribute"] : []),
    ...(publish.deprecateAfter === undefined ? [] : ["ec2:EnableImageDeprecation"]),
    ...(publish.protect === true ? ["ec2:EnableImageDeregistrationProtection"] : []),
  ];
  const Statement: readonly Statement[] = [
    // CreateImageRecipe looks at the parent image with the caller's rights.
    reads(publish, ["ec2:DescribeImages", ...(isShared ? ["ec2:DescribeImageAttribute"] : [])]),
    allow(
      "Find",
      actions(
        "ListComponents",
        "ListDistributionConfigurations",
        "ListImageRecipes",
        "ListInfrastructureConfigurations",
        ...(spec.schedule === undefined ? [] : ["ListImagePipelines"]),
      ),
      "*",
      { Condition: { StringEquals: { "aws:RequestedRegion": [home] } } },
    ),
    allow(
      "Build",
      actions(
        "CreateComponent",
        "CreateDistributionConfiguration",
        "CreateImage",
        "CreateImageRecipe",
        "CreateInfrastructureConfiguration",
        ...pipelines,
        "GetComponent",
        "GetDistributionConfiguration",
        "GetImage",
        "GetImageRecipe",
        "GetInfrastructureConfiguration",
        "ListImageBuildVersions",
        "ListWorkflowExecutions",
        "RetryImage",
        "TagResource",
      ),
      [...versioned, ...configurations, ...ofPipelines],
    ),
    allow("Follow", actions("ListWorkflowStepExecutions"), builder("workflow-execution/*")),
    allow("Roles", ["iam:PassRole"], roles(spec)),
    allow("ServiceLinkedRole", ["iam:CreateServiceLinkedRole"], "arn:aws:iam::*:role/aws-service-role/*", {
      Condition: { StringEquals: { "iam:AWSServiceName": "imagebuilder.amazonaws.com" } },
    }),
    ...payloadStatements(spec),
    allow(
      "Logs",
      ["logs:GetLogEvents"],
      `arn:aws:logs:${home}:*:log-group:/aws/imagebuilder/${name}:log-stream:*`,
    ),
    ...(settled.length === 0 ? [] : [changesOfMine("Settle", specName, settled, images)]),
    ...parameter(publish, ["ssm:GetParameter", "ssm:PutParameter"]),
  ];
  return { Version: "2012-10-17", Statement };
}

/** An instance profile is passed as its role, which usually has its name. */
function roles({ instanceProfile, executionRole }: ImageBuilderSpec): readonly string[] {
  const arn = (role: string): string => (role.startsWith("arn:") ? role : `arn:aws:iam::*:role/${role}`);
  return [instanceProfile, ...(executionRole === undefined ? [] : [executionRole])].map(arn);
}

function payloadStatements({ payload, logs }: ImageBuilderSpec): readonly Statement[] {
  const below = (uri: string): { readonly bucket: string; readonly pattern: string } => {
    const { bucket, prefix } = bucketAndPrefix(uri);
    return { bucket, pattern: prefix === "" ? "*" : `${prefix}/*` };
  };
  const list = (Sid: string, uri: string): Statement => ({
    Sid,
    Effect: "Allow",
    Action: ["s3:ListBucket"],
    Resource: `arn:aws:s3:::${below(uri).bucket}`,
    Condition: { StringLike: { "s3:prefix": [below(uri).pattern] } },
  });
  const objects = (Sid: string, Action: readonly string[], uri: string): Statement => ({
    Sid,
    Effect: "Allow",
    Action,
    Resource: `arn:aws:s3:::${below(uri).bucket}/${below(uri).pattern}`,
  });
  return [
    list("PayloadList", payload),
    objects("Payload", ["s3:AbortMultipartUpload", "s3:PutObject"], payload),
    ...(logs === undefined ? [] : [list("LogList", logs), objects("LogObjects", ["s3:GetObject"], logs)]),
  ];
}
