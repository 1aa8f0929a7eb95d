import {
  componentInput,
  distributionInput,
  imageInput,
  type ImageParts,
  infrastructureInput,
  pipelineInput,
  recipeInput,
} from "./image-builder-input.ts";
import { homeRegion } from "./image-builder-resources.ts";
import { bucketAndPrefix, fileUri } from "./image-builder-store.ts";
import { contentTag, type ImageBuilderBuild } from "./image-builder-types.ts";
import { type PlannedCall, plannedCall, settleCalls } from "./planned-call.ts";

const parts: ImageParts = {
  recipeArn: "<recipe>",
  infrastructureArn: "<infrastructure configuration>",
  distributionArn: "<distribution configuration>",
};

/**
 * Every changing call that a bake by Image Builder would make from nothing, in order. Asks AWS nothing: of what is there
 * already with the same content none is made.
 */
export function planImageBuilderCalls(build: ImageBuilderBuild, now: Date): readonly PlannedCall[] {
  const home = homeRegion(build);
  const make = (operation: string, input: object): PlannedCall =>
    plannedCall("imagebuilder", operation, home, input);
  const { bucket } = bucketAndPrefix(build.imageBuilder.payload);
  const stored = Object.values(build.files).map((file) => {
    const uri = fileUri(build.imageBuilder.payload, file);
    return plannedCall("s3", "PutObject", home, { Bucket: bucket, Key: uri.slice(`s3://${bucket}/`.length) });
  });
  // Image Builder shares what it distributes; the rest is ours to do.
  const { accounts: _accounts, organizations: _o, organizationalUnits: _u, ...publish } = build.publish;
  return [
    ...stored,
    make("CreateComponent", withUnknownContent(componentInput(build, "<next version>"))),
    make("CreateImageRecipe", withUnknownContent(recipeInput(build, "<component>", "<next version>"))),
    make("CreateInfrastructureConfiguration", infrastructureInput(build)),
    make("CreateDistributionConfiguration", distributionInput(build)),
    ...(build.imageBuilder.schedule === undefined
      ? []
      : [make("CreateImagePipeline", pipelineInput(build, parts))]),
    make("CreateImage", imageInput(build, parts)),
    ...build.publish.regions.flatMap((region) => settleCalls(publish, region, now)),
  ];
}

function withUnknownContent<T extends { readonly tags?: Record<string, string> | undefined }>(input: T): T {
  return { ...input, tags: { ...input.tags, [contentTag]: "<digest of its content>" } };
}
