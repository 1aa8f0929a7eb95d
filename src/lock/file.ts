import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { findText, writeAtomic } from "../host/files.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { formatLock, type LockContent } from "./format.ts";
import { parseLock } from "./parse.ts";
import type { Lock } from "./schema.ts";

export const lockFileName = "images.lock.json";

/** The lock beside a spec, or undefined when there is none yet. */
export async function findLock(folder: string): Promise<Lock | undefined> {
  const text = await findText(join(folder, lockFileName));
  return text === undefined ? undefined : parseLock(lockFileName, text);
}

/** The lock beside a spec; without one, an error that says how to make it. */
export async function readLock(folder: string): Promise<Lock> {
  const lock = await findLock(folder);
  if (lock !== undefined) return lock;
  throw new IgneousError("lock-stale", `there is no ${lockFileName} beside the spec`, {
    hint: "run: igneous lock",
  });
}

/** Writes the lock whole or not at all, and not when it is already so. Tells whether it changed. */
export async function writeLock(folder: string, content: LockContent): Promise<boolean> {
  const path = join(folder, lockFileName);
  const text = formatLock(content);
  if ((await findText(path)) === text) return false;
  await writeAtomic(path, text);
  return true;
}

const waitMs = 2000;

/** Runs `body` as the only igneous that works on the project in this folder; another one is named and refused. */
export function withProject<T>(context: Context, folder: string, body: () => Promise<T>): Promise<T> {
  return withProcessLock(context, join(folder, ".igneous", "lock"), waitMs, body);
}
