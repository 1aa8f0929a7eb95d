import { join } from "node:path";
import type { Aws } from "../aws/apis.ts";
import { type ImageBuilderAmi, publishByImageBuilder } from "../aws/image-builder-publish.ts";
import { homeRegion } from "../aws/image-builder-resources.ts";
import { storeFiles } from "../aws/image-builder-store.ts";
import type { PublishFailure } from "../aws/publish-types.ts";
import { askAccount } from "../aws/inventory.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import { withProject } from "../lock/file.ts";
import { prepareImageBuild, requireImageBuilder } from "./image-builder-build.ts";
import { recordImageBuild } from "./image-builder-record.ts";
import { loadProject, requireLock } from "./project.ts";
import { requirePublish } from "./publish-section.ts";
import { commitProject } from "./render-packer.ts";
import { renderTemplates } from "./templates.ts";

export interface BakedByImageBuilder {
  readonly id: Digest;
  readonly payloadCommit: string;
  /** ARN of Image Builder's image. */
  readonly image: string;
  readonly amis: readonly ImageBuilderAmi[];
  /** Regions without an AMI (exit 1); the same command goes on there. */
  readonly failures: readonly PublishFailure[];
  readonly changed: boolean;
}

/**
 * Bakes by EC2 Image Builder: the same payload commit as any builder's, applied on an instance of AWS and tested there. What
 * an earlier run did is found again; nothing is recorded of an image that failed.
 */
export async function bakeByImageBuilder(
  context: Context,
  folder: string,
  aws: Aws = openAws(context),
): Promise<BakedByImageBuilder> {
  const project = await loadProject(folder);
  requireImageBuilder(project);
  renderTemplates(project);
  await requireLock(project);
  await askAccount(aws, requirePublish(project).regions[0]);
  const prepared = await withProject(context, folder, async () => {
    const committed = await commitProject(context, project);
    const place = join(project.folder, ".igneous", "imagebuilder");
    return { committed, ...(await prepareImageBuild(context, committed, place)) };
  });
  const { committed, build, files } = prepared;
  await storeFiles(context, aws, { uri: build.imageBuilder.payload, region: homeRegion(build) }, files);
  const result = await publishByImageBuilder(context, aws, build);
  const changed = await recordImageBuild(context, committed, result);
  return {
    id: committed.plan.id,
    payloadCommit: build.payloadCommit,
    image: result.imageArn,
    amis: result.amis,
    failures: result.failures,
    changed,
  };
}
