import { join } from "node:path";
import type { Aws } from "../aws/apis.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { readLock } from "../lock/file.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { hasCommit } from "../ostree/object-read.ts";
import { openRepo, type Repo } from "../ostree/repo.ts";
import { planStatic, publishStatic, type StaticPublished } from "../ostree/static-publish.ts";
import { withRepoLock } from "../ostree/transaction.ts";
import { findBuild } from "./build-id.ts";
import { type OstreeTarget, openTarget, prepareTarget, withTarget } from "./ostree-target.ts";

export interface PublishOstreeOptions extends OstreeTarget {
  /** First digits of a build id; the newest build when not given. */
  readonly build: string | undefined;
}

export interface PublishOstreeResult extends StaticPublished {
  readonly build: string;
  readonly commit: string;
  readonly ref: string;
  readonly target: string;
}

/** Where a build's commit is published; other builds of the spec lie beside it. */
export function publishedRef(lock: Pick<Lock, "name">, build: Pick<LockedBuild, "id">): string {
  return `igneous/${lock.name}/${shortDigest(build.id)}`;
}

/** Writes the host commit of a build to a static OSTree repo that nodes pull from. What is there is not sent again. */
export async function publishOstree(
  context: Context,
  folder: string,
  options: PublishOstreeOptions,
  aws: Aws = openAws(context),
): Promise<PublishOstreeResult> {
  const { lock, build, repo } = await prepare(context, folder, options.build);
  const ref = publishedRef(lock, build);
  const commit = build.hostCommit as string as CommitChecksum;
  const from = predecessorCommit(context, lock, build, repo);
  const store = await openTarget(context, aws, folder, options);
  return withTarget(context, options, async () => {
    await prepareTarget(context, store, options);
    const published = await withRepoLock(context, repo, () =>
      publishStatic(context, repo, store, { commit, ref, from }),
    );
    return { build: shortDigest(build.id), commit, ref, target: store.name, ...published };
  });
}

/** How much publishing would send. Writes nothing. */
export async function planPublishOstree(
  context: Context,
  folder: string,
  options: PublishOstreeOptions,
  aws: Aws = openAws(context),
): Promise<{
  readonly build: string;
  readonly commit: string;
  readonly objects: number;
  readonly missing: number;
}> {
  const { build, repo } = await prepare(context, folder, options.build);
  const store = await openTarget(context, aws, folder, options);
  const plan = await planStatic(repo, store, build.hostCommit as string as CommitChecksum);
  const { objects, missing } = plan;
  return { build: shortDigest(build.id), commit: build.hostCommit, objects, missing: missing.length };
}

async function prepare(
  context: Context,
  folder: string,
  prefix: string | undefined,
): Promise<{ readonly lock: Lock; readonly build: LockedBuild; readonly repo: Repo }> {
  const lock = await readLock(folder);
  const build = findBuild(lock, prefix);
  const repo = await openRepo(context, join(folder, ".igneous", "repo"));
  if (hasCommit(repo, build.hostCommit)) return { lock, build, repo };
  const short = shortDigest(build.id);
  throw new IgneousError(
    "ref-not-found",
    `${repo.path} has no commit ${build.hostCommit} of build ${short}`,
    {
      hint: "run: igneous bake",
    },
  );
}

/** The commit that nodes come from: that of the build before, when this repo has it. */
function predecessorCommit(
  context: Context,
  lock: Lock,
  build: LockedBuild,
  repo: Repo,
): CommitChecksum | undefined {
  const older = lock.builds[lock.builds.findIndex(({ id }) => id === build.id) + 1];
  const from = lock.builds.find(({ id }) => id === build.predecessor) ?? older;
  if (from === undefined || from.hostCommit === build.hostCommit) return undefined;
  if (hasCommit(repo, from.hostCommit)) return from.hostCommit;
  const message = `the repo has no commit of build ${shortDigest(from.id)}: nodes get no static delta from it`;
  context.emit({
    type: "warning",
    message,
    hint: "bake that build here first, or go on: nodes pull what changed as objects",
  });
  return undefined;
}
