import { makeImages } from "./image-builder-amis.ts";
import { statusOf } from "./image-builder-life.ts";
import { date } from "./image-builder-rules.ts";
import type { BuilderImage } from "./image-builder-state.ts";
import type { Call } from "./service.ts";
import type { World } from "./world.ts";

/** What a list shows of an image; its AMIs are made when they are first seen. */
export function described(world: World, image: BuilderImage, call: Call): object {
  const status = statusOf(image, call.now);
  const reached = status === "AVAILABLE" || (status === "FAILED" && image.failure?.region !== undefined);
  if (reached) makeImages(world, image, call);
  const failedRegion = status === "FAILED" ? image.failure?.region : undefined;
  const amis = [
    ...Array.from(image.amis, ([region, id]) => ({
      region,
      image: id,
      accountId: call.account,
      state: { status: "AVAILABLE" },
    })),
    ...(failedRegion === undefined
      ? []
      : [{ region: failedRegion, state: { status: "FAILED", reason: image.failure?.message } }]),
  ];
  const reason = status === "FAILED" ? { reason: `Workflow step ${image.failure?.step} failed.` } : {};
  return {
    arn: image.arn,
    type: "AMI",
    name: nameOf(image),
    version: image.arn.split("/").slice(-2).join("/"),
    platform: "Linux",
    state: { status, ...reason },
    dateCreated: date(image.createdAt),
    ...(amis.length === 0 ? {} : { outputResources: { amis } }),
    tags: image.tags,
  };
}

/** What GetImage shows beyond a summary. */
export function configurations({ infrastructureArn, distributionArn }: BuilderImage): object {
  return {
    ...(infrastructureArn === "" ? {} : { infrastructureConfiguration: { arn: infrastructureArn } }),
    ...(distributionArn === undefined
      ? {}
      : { distributionConfiguration: { arn: distributionArn, timeoutMinutes: 720 } }),
  };
}

export function nameOf(image: BuilderImage): string {
  return image.arn.split("/")[1] ?? "";
}
