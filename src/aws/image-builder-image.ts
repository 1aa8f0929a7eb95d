import type { Ami, Image, ImageSummary } from "@aws-sdk/client-imagebuilder";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws, ImageBuilderApi } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { explainImage } from "./image-builder-explain.ts";
import { imageInput, type ImageParts } from "./image-builder-input.ts";
import { allPages } from "./image-builder-pages.ts";
import { readWorkflows, reportProgress } from "./image-builder-progress.ts";
import { homeRegion, requestToken } from "./image-builder-resources.ts";
import type { DistributedBuild, ImageBuilderBuild } from "./image-builder-types.ts";
import { needed } from "./needed.ts";
import { tagNames } from "./publish-types.ts";

/** Longest time that an image may take; AWS ends its own workflows earlier. */
const imageWithinMs = 8 * 3_600_000;

/** What is there already, or fails at once, is seen soon; an image takes a good part of an hour. */
const firstPollMs = 1000;
const lastPollMs = 30_000;

export interface BuiltImage {
  readonly arn: string;
  readonly amis: readonly Ami[];
  /** Why some regions have no AMI. */
  readonly failure?: IgneousError;
}

/** Starts the build's image, or takes up the one that an earlier run started, and waits for its end. */
export async function buildImage(
  context: Context,
  aws: Aws,
  build: ImageBuilderBuild,
  parts: ImageParts,
): Promise<BuiltImage> {
  const api = await aws.imageBuilder(homeRegion(build));
  const arn = await startImage(context, api, build, parts);
  return waitForImageEnd(context, aws, api, build, arn);
}

const ended = new Set(["CANCELLED", "FAILED", "DEPRECATED", "DELETED", "DISABLED"]);

async function startImage(
  context: Context,
  api: ImageBuilderApi,
  build: ImageBuilderBuild,
  parts: ImageParts,
): Promise<string> {
  const earlier = await imagesOf(api, build, parts.recipeArn);
  const usable = earlier.find(({ state }) => !ended.has(state?.status ?? ""));
  if (usable?.arn !== undefined) {
    const message = `image ${shortArn(usable.arn)} of this build is there: ${usable.state?.status}`;
    context.emit({ type: "note", message });
    return usable.arn;
  }
  const [newest] = earlier;
  if (newest?.arn !== undefined && (await reachedRegions(api, newest)).length > 0) {
    const message = `image ${shortArn(newest.arn)} did not reach every region; it is distributed again`;
    context.emit({ type: "note", message });
    const clientToken = requestToken("retry", newest.arn, newest.state?.reason ?? "");
    await api.retryImage({ imageBuildVersionArn: newest.arn, clientToken });
    return newest.arn;
  }
  const clientToken = requestToken("image", build.buildId, JSON.stringify(parts), String(earlier.length));
  const made = await api.createImage({ ...imageInput(build, parts), clientToken });
  return needed(made.imageBuildVersionArn);
}

/** The AMIs of an image of which distribution is all that failed; none of one that failed its build or its tests. */
async function reachedRegions(api: ImageBuilderApi, image: ImageSummary | Image): Promise<readonly Ami[]> {
  const reached = (image.outputResources?.amis ?? []).filter(({ state }) => state?.status === "AVAILABLE");
  if (image.state?.status !== "FAILED" || reached.length === 0) return [];
  const steps = await readWorkflows(api, needed(image.arn));
  const isTested = !steps.some(({ workflow, status }) => workflow !== "distribution" && status === "FAILED");
  return isTested ? reached : [];
}

/** The images that were made of a recipe for a build, newest first. */
async function imagesOf(
  api: ImageBuilderApi,
  build: ImageBuilderBuild,
  recipeArn: string,
): Promise<readonly ImageSummary[]> {
  const imageVersionArn = recipeArn.replace(":image-recipe/", ":image/");
  try {
    const found = await allPages(async (token) => {
      const page = await api.listImageBuildVersions({ imageVersionArn, ...token });
      return { items: page.imageSummaryList ?? [], next: page.nextToken };
    });
    return found
      .filter(({ tags }) => tags?.[tagNames.build] === build.buildId)
      .toSorted((a, b) => ((a.dateCreated ?? "") < (b.dateCreated ?? "") ? 1 : -1));
  } catch (error) {
    // No image was made of this version yet.
    if (/NotFound|InvalidRequest/u.test(awsErrorCode(error))) return [];
    throw error;
  }
}

/** Waits for an image, with progress; what a failed distribution reached comes with the failure. */
export async function waitForImageEnd(
  context: Context,
  aws: Aws,
  api: ImageBuilderApi,
  build: DistributedBuild,
  arn: string,
): Promise<BuiltImage> {
  const until = aws.clock.now() + imageWithinMs;
  try {
    for (let wait = firstPollMs; ; wait = Math.min(wait * 1.5, lastPollMs)) {
      const { image } = await api.getImage({ imageBuildVersionArn: arn });
      const status = image?.state?.status ?? "";
      if (status === "AVAILABLE") return { arn, amis: image?.outputResources?.amis ?? [] };
      if (image !== undefined && ended.has(status)) {
        const failure = await explainImage(context, aws, api, build, image);
        const amis = await reachedRegions(api, image);
        if (amis.length === 0) throw failure;
        return { arn, amis, failure };
      }
      await reportProgress(context, api, arn, status);
      if (aws.clock.now() >= until) {
        throw new IgneousError("aws-timeout", `image ${shortArn(arn)} is still ${status}`, {
          hint: "run the same command again; it goes on waiting for the same image",
        });
      }
      await aws.clock.sleep(wait, context.signal);
    }
  } catch (error) {
    if (context.signal.aborted) {
      context.emit({
        type: "warning",
        message: `image ${shortArn(arn)} goes on being built in AWS`,
        hint: `attach with the same command, or end it with: aws imagebuilder cancel-image-creation --image-build-version-arn ${arn}`,
      });
    }
    throw error;
  }
}

/** `image/NAME/1.0.3/1` */
export function shortArn(arn: string): string {
  return arn.split(":").slice(5).join(":");
}
