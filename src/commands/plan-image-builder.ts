import { planImageBuilderCalls } from "../aws/image-builder-calls.ts";
import type { StoredFile } from "../aws/image-builder-types.ts";
import type { Policy } from "../aws/iam-policy.ts";
import { imageBuilderPolicy } from "../aws/iam-policy-image-builder.ts";
import type { PlannedCall } from "../aws/planned-call.ts";
import type { Digest } from "../core/digest.ts";
import { now } from "../host/clock.ts";
import { buildIdOf } from "./build-id.ts";
import { requireImageBuilder } from "./image-builder-build.ts";
import { loadProject, requireLock } from "./project.ts";
import { requirePublish } from "./publish-section.ts";

/** What `bake --builder imagebuilder` would call and may need. */
export interface ImageBuilderPlan {
  readonly id: Digest;
  readonly calls: readonly PlannedCall[];
  readonly policy: Policy;
}

/** Asks AWS nothing and makes nothing: what only a bake can know stands in angle brackets. */
export async function planImageBuilderBake(folder: string): Promise<ImageBuilderPlan> {
  const project = await loadProject(folder);
  const imageBuilder = requireImageBuilder(project);
  const lock = await requireLock(project);
  const id = await buildIdOf(lock);
  const file = (name: string): StoredFile => ({ name, sha256: `<sha256 of ${name}>` });
  const build = {
    buildId: id,
    specName: lock.name,
    payloadCommit: lock.builds.find((build) => build.id === id)?.payloadCommit ?? "<payload commit>",
    publish: requirePublish(project),
    imageBuilder,
    files: {
      payload: file("payload.tar.gz"),
      apply: file("apply"),
      seal: file("seal"),
      check: file("check"),
    },
  };
  const policy = imageBuilderPolicy(lock.name, build.publish, imageBuilder);
  return { id, calls: planImageBuilderCalls(build, now()), policy };
}
