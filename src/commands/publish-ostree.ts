import { join, resolve } from "node:path";
import type { Aws } from "../aws/apis.ts";
import { openS3Store } from "../aws/s3-store.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import type { ObjectStore } from "../core/object-store.ts";
import { findText } from "../host/files.ts";
import { openFolderStore } from "../host/folder-store.ts";
import { listFiles } from "../host/folders.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { readLock } from "../lock/file.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { hasCommit } from "../ostree/object-read.ts";
import { openRepo, type Repo } from "../ostree/repo.ts";
import { planStatic, publishStatic, type StaticPublished } from "../ostree/static-publish.ts";
import { withRepoLock } from "../ostree/transaction.ts";
import { findBuild } from "./build-id.ts";
import { loadProject } from "./project.ts";

export interface PublishOstreeOptions {
  /** First digits of a build id; the newest build when not given. */
  readonly build: string | undefined;
  /** A folder, or `s3://bucket/prefix`. */
  readonly target: string;
  /** Folder that a relative target starts from. */
  readonly cwd: string;
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

const s3Target = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]*?))?\/?$/u;

/** The bucket and prefix of `s3://BUCKET/PREFIX`; undefined for anything else. */
export function findS3Target(
  target: string,
): { readonly bucket: string; readonly prefix: string } | undefined {
  const match = s3Target.exec(target);
  return match === null ? undefined : { bucket: match[1] ?? "", prefix: match[2] ?? "" };
}

/** The store that a target names. */
export async function openTarget(
  context: Context,
  aws: Aws,
  folder: string,
  { target, cwd }: Pick<PublishOstreeOptions, "target" | "cwd">,
): Promise<ObjectStore> {
  const s3 = findS3Target(target);
  if (s3 !== undefined) {
    const { env } = context;
    const fromSpec = (await loadProject(folder)).loaded.spec.publish?.regions[0];
    const region = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? fromSpec ?? "us-east-1";
    return openS3Store(context, aws, { ...s3, region });
  }
  if (/^[a-z][a-z0-9+.-]*:/u.test(target)) {
    throw new IgneousError(
      "usage",
      `'${target}' cannot be written to; wanted a folder or s3://BUCKET/PREFIX`,
      {
        hint: "publish to a folder that your web server shows, and give nodes its https address",
      },
    );
  }
  return openFolderStore(context, resolve(cwd, target));
}

const patience = 10 * 60 * 1000;

/** Folders have one writer at a time; in a bucket nothing is lost when there are two. */
export function withTarget<T>(
  context: Context,
  { target, cwd }: Pick<PublishOstreeOptions, "target" | "cwd">,
  body: () => Promise<T>,
): Promise<T> {
  if (findS3Target(target) !== undefined) return body();
  return withProcessLock(context, join(resolve(cwd, target), "tmp", "igneous.lock"), patience, body);
}

const staticConfig = "[core]\nrepo_version=1\nmode=archive-z2\nindexed-deltas=true\n";

/** Makes the target a repo where it is none; what is no repo of ours is left alone. */
async function prepareTarget(
  context: Context,
  store: ObjectStore,
  { target, cwd }: PublishOstreeOptions,
): Promise<void> {
  if (findS3Target(target) !== undefined) {
    if ((await store.find("config")) === undefined) {
      await store.put("config", Buffer.from(staticConfig), "changing");
    }
    return;
  }
  const path = resolve(cwd, target);
  if ((await findText(join(path, "config"))) === undefined) {
    const others = (await listFiles(path)).filter((name) => name !== "tmp");
    if (others.length > 0) {
      throw new IgneousError("file-exists", `${path} is not empty and no OSTree repo`, {
        hint: "name a folder that is empty or does not exist",
      });
    }
  }
  // The folder is ours alone: whoever wrote these is gone.
  await store.removeUnfinished(Infinity);
  const { mode } = await openRepo(context, path);
  if (mode === "archive") return;
  throw new IgneousError(
    "repo-unusable",
    `the repo ${path} has mode ${mode}; only archive repos can be served`,
    {
      hint: "name a folder that is empty or does not exist",
    },
  );
}
