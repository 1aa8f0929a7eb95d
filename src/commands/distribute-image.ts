import type { Aws } from "../aws/apis.ts";
import { distributeByImageBuilder } from "../aws/image-builder-distribute.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { readLock } from "../lock/file.ts";
import { findBuild } from "./build-id.ts";
import { requireImageBuilder } from "./image-builder-build.ts";
import { loadProject } from "./project.ts";
import type { PublishProjectResult } from "./publish-project.ts";
import { requirePublish } from "./publish-section.ts";
import { recordAmis } from "./publish-record.ts";

/** Brings a build's AMI of the home region to the other regions by EC2 Image Builder, and records what came of it. */
export async function distributeProject(
  context: Context,
  folder: string,
  { build: prefix }: { readonly build: string | undefined },
  aws: Aws = openAws(context),
): Promise<PublishProjectResult> {
  const project = await loadProject(folder);
  const imageBuilder = requireImageBuilder(project);
  const publish = requirePublish(project);
  const lock = await readLock(folder);
  const build = findBuild(lock, prefix);
  const short = shortDigest(build.id);
  const [home = "", ...others] = publish.regions;
  const source = build.amis?.find(({ region }) => region === home);
  if (source === undefined) {
    throw new IgneousError("rollout-image-missing", `build ${short} has no AMI in ${home} to distribute`, {
      hint: `run: igneous publish ${short} --region ${home}`,
    });
  }
  if (others.length === 0) {
    throw new IgneousError("input-invalid", `publish.regions has no region beside ${home}`, {
      hint: "add the regions that the image is to reach",
    });
  }
  const request = { buildId: build.id, specName: lock.name, publish, imageBuilder };
  const { amis, failures } = await distributeByImageBuilder(context, aws, request, source.amiId);
  const { changed, recorded } = await recordAmis(context, folder, build.id, amis);
  return { build: short, amis: recorded, failures, changed };
}
