import type { Image } from "@aws-sdk/client-imagebuilder";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws, ImageBuilderApi } from "./apis.ts";
import { findCure } from "./image-builder-cure.ts";
import { imageLog, readLogEnd } from "./image-builder-logs.ts";
import { readWorkflows } from "./image-builder-progress.ts";
import type { DistributedBuild } from "./image-builder-types.ts";
import { needed } from "./needed.ts";

/** Why an image did not become available: the step that failed, its message, and where the logs are. */
export async function explainImage(
  context: Context,
  aws: Aws,
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
  lines.push(...(await readLogEnd(context, aws, build, arn)));
  const detail = lines.length === 0 ? "" : `\n${lines.map((line) => `    ${line}`).join("\n")}`;
  const message = `${name} ${status?.toLowerCase() ?? "ended"}: ${reason ?? "AWS gives no reason"}${detail}`;
  return new IgneousError("image-builder-failed", message, {
    hint: findCure(build, message) ?? whereLogs(build, arn),
  });
}

/** Where the whole log is. */
function whereLogs(build: DistributedBuild, arn: string): string {
  const { logs } = build.imageBuilder;
  if (logs !== undefined) return `read the log: aws s3 ls --recursive ${logs}/`;
  const { group, stream } = imageLog(arn);
  return `read the log: aws logs tail ${group} --log-stream-names ${stream} --since 1d`;
}
