import { join } from "node:path";
import type { Aws } from "../aws/apis.ts";
import { findDuration } from "../aws/image-input.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { now } from "../host/clock.ts";
import { readLock } from "../lock/file.ts";
import { openRepo } from "../ostree/repo.ts";
import { findStaticGarbage, removeStaticGarbage, type StaticGarbage } from "../ostree/static-gc.ts";
import { type OstreeTarget, openTarget, withTarget } from "./ostree-target.ts";
import { publishedRef } from "./publish-ostree.ts";

export interface GcOstreeOptions extends OstreeTarget {
  /** Such as `7d`. */
  readonly olderThan: string;
  readonly remove: boolean;
}

/** Finds, and removes when told to, what a published repo has of builds that the lock does not name. */
export async function gcOstree(
  context: Context,
  folder: string,
  options: GcOstreeOptions,
  aws: Aws = openAws(context),
): Promise<StaticGarbage> {
  const age = findDuration(options.olderThan);
  if (age === undefined) {
    throw new IgneousError("usage", `'${options.olderThan}' is not a time; wanted hours, days or weeks`, {
      hint: "write it like: igneous gc --older-than 7d",
    });
  }
  const lock = await readLock(folder);
  const store = await openTarget(context, aws, folder, options);
  const repo = await openRepo(context, join(folder, ".igneous", "repo"));
  if ((await store.find("config")) === undefined) {
    throw new IgneousError("repo-unusable", `there is no OSTree repo at ${store.name}`, {
      hint: "name what igneous publish --ostree wrote to",
    });
  }
  const before = now().getTime() - age;
  return withTarget(context, options, async () => {
    const garbage = await findStaticGarbage(context, repo, store, {
      keep: new Set(lock.builds.map((build) => publishedRef(lock, build))),
      isMine: (ref) => ref.startsWith(`igneous/${lock.name}/`),
      before,
    });
    if (options.remove) {
      await removeStaticGarbage(context, store, garbage);
      await store.removeUnfinished(before);
    }
    return garbage;
  });
}
