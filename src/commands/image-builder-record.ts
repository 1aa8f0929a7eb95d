import type { ImageBuilderResult } from "../aws/image-builder-publish.ts";
import type { Context } from "../core/context.ts";
import { now } from "../host/clock.ts";
import type { LockedBuild } from "../lock/schema.ts";
import { mergeAmis } from "./publish-record.ts";
import { recordOutputs } from "./record-outputs.ts";
import type { CommittedProject } from "./render-packer.ts";

/** Records the image and its AMIs; an image that is recorded already stays as it was. */
export function recordImageBuild(
  context: Context,
  committed: CommittedProject,
  { imageArn, componentVersion, recipeVersion, pipelineArn, amis }: ImageBuilderResult,
): Promise<boolean> {
  return recordOutputs(context, committed, "imagebuilder", (record): LockedBuild => {
    const known = record.imageBuilder?.image === imageArn ? record.imageBuilder : undefined;
    const made = {
      image: imageArn,
      component: componentVersion,
      recipe: recipeVersion,
      ...(pipelineArn === undefined ? {} : { pipeline: pipelineArn }),
      createdAt: known?.createdAt ?? now().toISOString(),
    };
    return { ...record, imageBuilder: made, amis: mergeAmis(record.amis ?? [], amis) };
  });
}
