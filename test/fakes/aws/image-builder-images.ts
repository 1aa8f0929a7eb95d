import type {
  CreateImageRequest,
  DistributeImageRequest,
  ListWorkflowStepExecutionsRequest,
} from "@aws-sdk/client-imagebuilder";
import { createImage, distributeImage } from "./image-builder-create.ts";
import { configurations, described, nameOf } from "./image-builder-description.ts";
import { statusOf, timeline } from "./image-builder-life.ts";
import { date, missing } from "./image-builder-rules.ts";
import type { BuilderImage } from "./image-builder-state.ts";
import { listExecutions, listSteps } from "./image-builder-workflows.ts";
import { AwsError, type Handlers } from "./service.ts";
import type { World } from "./world.ts";

/** Images of EC2 Image Builder, whose life follows from the virtual time. */
export function imageBuilderImageHandlers(world: World): Handlers {
  const { images } = world.imageBuilder;
  const find = (arn: string | undefined): BuilderImage => {
    const image = images.get(arn ?? "");
    if (image === undefined) throw missing("image", arn);
    return image;
  };
  return {
    CreateImage: (input: CreateImageRequest, call) => createImage(world, input, call),
    DistributeImage: (input: DistributeImageRequest, call) => distributeImage(world, input, call),
    GetImage: ({ imageBuildVersionArn }: { imageBuildVersionArn?: string }, call) => ({
      image: {
        ...described(world, find(imageBuildVersionArn), call),
        ...configurations(find(imageBuildVersionArn)),
      },
    }),
    ListImages: (_input: object, call) => {
      const versions = new Map(
        Array.from(images.values()).map((image) => [image.arn.replace(/\/\d+$/u, ""), image]),
      );
      return {
        imageVersionList: Array.from(versions).map(([arn, image]) => ({
          arn,
          name: nameOf(image),
          version: arn.split("/").at(-1),
          dateCreated: date(image.createdAt),
          owner: call.account,
        })),
      };
    },
    ListImageBuildVersions: ({ imageVersionArn }: { imageVersionArn?: string }, call) => ({
      imageSummaryList: Array.from(images.values())
        .filter(({ arn }) => imageVersionArn === undefined || arn.startsWith(`${imageVersionArn}/`))
        .map((image) => described(world, image, call)),
    }),
    ListWorkflowExecutions: ({ imageBuildVersionArn }: { imageBuildVersionArn?: string }, call) =>
      listExecutions(world, find(imageBuildVersionArn), call),
    ListWorkflowStepExecutions: (input: ListWorkflowStepExecutionsRequest, call) =>
      listSteps(world, input, call),
    CancelImageCreation: ({ imageBuildVersionArn }: { imageBuildVersionArn?: string }, call) => {
      const image = find(imageBuildVersionArn);
      image.cancelledAt = call.now;
      return { imageBuildVersionArn: image.arn };
    },
    RetryImage: ({ imageBuildVersionArn }: { imageBuildVersionArn?: string }, call) => {
      const image = find(imageBuildVersionArn);
      if (statusOf(image, call.now) !== "FAILED") {
        throw new AwsError("InvalidRequestException", `${image.arn} did not fail`);
      }
      const resumed = timeline(image).find(({ failed }) => failed);
      image.startedAt = call.now - ((resumed?.start ?? image.startedAt) - image.startedAt);
      image.failure = undefined;
      return { imageBuildVersionArn: image.arn };
    },
    DeleteImage: ({ imageBuildVersionArn }: { imageBuildVersionArn?: string }) => {
      images.delete(find(imageBuildVersionArn).arn);
      return { imageBuildVersionArn };
    },
  };
}
