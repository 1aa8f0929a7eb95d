import { join, resolve } from "node:path";
import type { Aws } from "../aws/apis.ts";
import { openS3Store } from "../aws/s3-store.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { ObjectStore } from "../core/object-store.ts";
import { findText } from "../host/files.ts";
import { openFolderStore } from "../host/folder-store.ts";
import { listFiles } from "../host/folders.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { openRepo } from "../ostree/repo.ts";
import { loadProject } from "./project.ts";

/** Where a static repo is written. */
export interface OstreeTarget {
  /** A folder, or `s3://bucket/prefix`. */
  readonly target: string;
  /** Folder that a relative target starts from. */
  readonly cwd: string;
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
  { target, cwd }: OstreeTarget,
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
  { target, cwd }: OstreeTarget,
  body: () => Promise<T>,
): Promise<T> {
  if (findS3Target(target) !== undefined) return body();
  return withProcessLock(context, join(resolve(cwd, target), "tmp", "igneous.lock"), patience, body);
}

const staticConfig = "[core]\nrepo_version=1\nmode=archive-z2\nindexed-deltas=true\n";

/** Makes the target a repo where it is none; what is no repo of ours is left alone. */
export async function prepareTarget(
  context: Context,
  store: ObjectStore,
  { target, cwd }: OstreeTarget,
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
