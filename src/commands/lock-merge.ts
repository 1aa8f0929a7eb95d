import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { readText } from "../host/files.ts";
import { readLock, withProject, writeLock } from "../lock/file.ts";
import { mergeOutputs } from "../lock/merge.ts";
import { parseLock } from "../lock/parse.ts";

/** How many the lock has gained. */
export interface LockMerge {
  readonly changed: boolean;
  readonly builds: number;
  readonly rollouts: number;
}

/** Takes the builds, their AMIs and the rollouts of another lock into this one, as after a merge of two branches. */
export async function mergeLock(context: Context, folder: string, file: string): Promise<LockMerge> {
  return withProject(context, folder, async () => {
    const lock = await readLock(folder);
    const other = parseLock(file, await readText(file));
    if (other.name !== lock.name) {
      const message = `${file} is the lock of ${other.name}, not of ${lock.name}`;
      throw new IgneousError("input-invalid", message, {
        hint: "name the other side's images.lock.json: git show :3:./images.lock.json",
      });
    }
    const merged = mergeOutputs(lock, other);
    const changed = await writeLock(folder, merged);
    const count = (all: readonly unknown[] | undefined): number => all?.length ?? 0;
    return {
      changed,
      builds: merged.builds.length - lock.builds.length,
      rollouts: count(merged.rollouts) - count(lock.rollouts),
    };
  });
}
