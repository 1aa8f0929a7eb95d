import type {
  CreateImageRequest,
  DistributeImageRequest,
  ListWorkflowStepExecutionsRequest,
} from "@aws-sdk/client-imagebuilder";
import { makeImages } from "./image-builder-amis.ts";
import { statusOf, timeline, type Workflow, workflows } from "./image-builder-life.ts";
import { date, missing, once, requireParts } from "./image-builder-rules.ts";
import type { BuilderImage } from "./image-builder-state.ts";
import { AwsError, type Call, type Handlers } from "./service.ts";
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
    ListWorkflowExecutions: ({ imageBuildVersionArn }: { imageBuildVersionArn?: string }, call) => {
      const image = find(imageBuildVersionArn);
      const begun = workflows.filter(({ type }) =>
        timeline(image).some(({ workflow, start }) => workflow === type && start <= call.now),
      );
      return {
        imageBuildVersionArn: image.arn,
        workflowExecutions: begun.map(({ type }) => ({
          workflowExecutionId: executionId(world, image, type),
          type,
          status: timeline(image).some((step) => step.workflow === type && step.failed)
            ? "FAILED"
            : "RUNNING",
        })),
      };
    },
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

function createImage(world: World, input: CreateImageRequest, call: Call): object {
  requireParts(world, input);
  const { images, distributions } = world.imageBuilder;
  const version = (input.imageRecipeArn ?? "").replace(":image-recipe/", ":image/");
  const number = Array.from(images.keys()).filter((arn) => arn.startsWith(`${version}/`)).length + 1;
  const distribution = distributions.get(input.distributionConfigurationArn ?? "");
  const arn = `${version}/${number}`;
  const made = once(world, input, call, arn, () => {
    images.set(arn, {
      arn,
      recipeArn: input.imageRecipeArn ?? "",
      infrastructureArn: input.infrastructureConfigurationArn ?? "",
      distributionArn: input.distributionConfigurationArn,
      distributions: distribution?.input.distributions ?? [],
      tags: input.tags ?? {},
      createdAt: call.now,
      startedAt: call.now,
      failure: world.imageBuilder.plannedFailure,
      cancelledAt: undefined,
      amis: new Map(),
    });
  });
  return { imageBuildVersionArn: made, clientToken: input.clientToken };
}

/** An image that exists already goes through distribution alone. */
function distributeImage(world: World, input: DistributeImageRequest, call: Call): object {
  const { images, distributions } = world.imageBuilder;
  const distribution = distributions.get(input.distributionConfigurationArn ?? "");
  if (distribution === undefined) {
    throw missing("distribution configuration", input.distributionConfigurationArn);
  }
  if (!world.images.has(input.sourceImage ?? "")) {
    throw new AwsError("ResourceNotFoundException", `${input.sourceImage} does not exist`);
  }
  const place = `arn:aws:imagebuilder:${call.region}:${call.account}:image`;
  const arn = `${place}/${(input.sourceImage ?? "").toLowerCase()}/1.0.0/1`;
  const before = workflows.filter(({ type }) => type !== "DISTRIBUTION").flatMap(({ steps }) => steps);
  const skipped = before.reduce((sum, [, minutes]) => sum + minutes, 0) * 60_000;
  const made = once(world, input, call, arn, () => {
    images.set(arn, {
      arn,
      recipeArn: "",
      infrastructureArn: "",
      distributionArn: distribution.arn,
      distributions: distribution.input.distributions ?? [],
      tags: input.tags ?? {},
      createdAt: call.now,
      startedAt: call.now - skipped,
      failure: world.imageBuilder.plannedFailure,
      cancelledAt: undefined,
      amis: new Map(),
    });
  });
  return { imageBuildVersionArn: made, clientToken: input.clientToken };
}

function described(world: World, image: BuilderImage, call: Call): object {
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
function configurations({ infrastructureArn, distributionArn }: BuilderImage): object {
  return {
    ...(infrastructureArn === "" ? {} : { infrastructureConfiguration: { arn: infrastructureArn } }),
    ...(distributionArn === undefined
      ? {}
      : { distributionConfiguration: { arn: distributionArn, timeoutMinutes: 720 } }),
  };
}

function listSteps(world: World, input: ListWorkflowStepExecutionsRequest, call: Call): object {
  for (const image of world.imageBuilder.images.values()) {
    const type = workflows.find(
      (entry) => executionId(world, image, entry.type) === input.workflowExecutionId,
    );
    if (type === undefined) continue;
    const steps = timeline(image).filter(
      ({ workflow, start }) => workflow === type.type && start <= call.now,
    );
    return {
      imageBuildVersionArn: image.arn,
      steps: steps.map(({ name, start, end, failed }) => ({
        name,
        action: name,
        startTime: date(start),
        status: call.now < end ? "RUNNING" : failed ? "FAILED" : "COMPLETED",
        ...(failed && call.now >= end ? { message: image.failure?.message } : {}),
      })),
    };
  }
  throw missing("workflow execution", input.workflowExecutionId);
}

function executionId(world: World, image: BuilderImage, type: Workflow): string {
  const number = Array.from(world.imageBuilder.images.keys()).indexOf(image.arn);
  const digits = String(number * 10 + workflows.findIndex((entry) => entry.type === type)).padStart(12, "0");
  return `wf-00000000-0000-4000-8000-${digits}`;
}

function nameOf(image: BuilderImage): string {
  return image.arn.split("/")[1] ?? "";
}
