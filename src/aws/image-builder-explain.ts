import type { Image } from "@aws-sdk/client-imagebuilder";
import { IgneousError } from "../core/errors.ts";
import type { ImageBuilderApi } from "./apis.ts";
import { resourceName } from "./image-builder-input.ts";
import { readWorkflows } from "./image-builder-progress.ts";
import type { DistributedBuild } from "./image-builder-types.ts";
import { needed } from "./needed.ts";

/** Why an image did not become available: the step that failed, its message, and where the logs are. */
export async function explainImage(
  api: ImageBuilderApi,
  build: DistributedBuild,
  image: Image,
): Promise<IgneousError> {
  const arn = needed(image.arn);
  const name = arn.split(":").slice(5).join(":");
  const { status, reason } = image.state ?? {};
  if (status === "CANCELLED") {
    return new IgneousError("image-builder-failed", `${name} was cancelled`, {
      hint: "run the same command again to build another; nothing was recorded",
    });
  }
  const lines: string[] = [];
  for (const { region, state } of image.outputResources?.amis ?? []) {
    if (state?.status === "FAILED") lines.push(`AMI in ${region}: ${state.reason ?? "failed"}`);
  }
  for (const step of await readWorkflows(api, arn)) {
    if (step.status !== "FAILED") continue;
    lines.push(`${step.workflow} workflow, step ${step.name}: ${step.message ?? "failed"}`);
  }
  const detail = lines.length === 0 ? "" : `\n${lines.map((line) => `    ${line}`).join("\n")}`;
  const message = `${name} ${status?.toLowerCase() ?? "ended"}: ${reason ?? "AWS gives no reason"}${detail}`;
  return new IgneousError("image-builder-failed", message, { hint: cure(build, message, arn) });
}

/** What is known to cause a failure, and its cure; else where the whole log is. */
function cure(build: DistributedBuild, message: string, arn: string): string {
  const { instanceProfile, payload } = build.imageBuilder;
  const known: readonly (readonly [RegExp, string])[] = [
    [
      /instance profile|iam.?instance/iu,
      `make the instance profile '${instanceProfile}' with the policies EC2InstanceProfileForImageBuilder and AmazonSSMManagedInstanceCore, and s3:GetObject on ${payload}/*`,
    ],
    [
      /service.linked role|AWSServiceRoleForImageBuilder/iu,
      "make the role with: aws iam create-service-linked-role --aws-service-name imagebuilder.amazonaws.com",
    ],
    [
      /SSM|Systems Manager/u,
      "the parent image needs the SSM agent, and its subnet a way to Systems Manager; add the agent to the base of the parent image",
    ],
    [
      /Fetch|S3Download|NoSuchKey|AccessDenied/u,
      `see that the instance profile '${instanceProfile}' may s3:GetObject on ${payload}/*, and run the same command again: it puts the payload back where it is missing`,
    ],
    [
      /Verify|sha256|checksum/iu,
      `what is at ${payload} is not what was put there; find out who changed it, delete it, and run the same command again`,
    ],
  ];
  const found = known.find(([pattern]) => pattern.test(message));
  if (found !== undefined) return found[1];
  const { logs } = build.imageBuilder;
  const version = arn.split("/").slice(-2).join("/");
  const group = `/aws/imagebuilder/${resourceName(build.specName)}`;
  return `read the log: ${logs === undefined ? `aws logs tail ${group} --log-stream-names ${version}` : `aws s3 ls --recursive ${logs}/`}`;
}
