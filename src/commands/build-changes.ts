import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { findText, writeAtomic } from "../host/files.ts";
import { lockFileName } from "../lock/file.ts";
import { parseLock } from "../lock/parse.ts";
import type { Lock } from "../lock/schema.ts";
import { findInGit } from "./git-revision.ts";

/** What one build has and another has not. */
export interface BuildChanges {
  readonly images: readonly Change[];
  readonly packages: readonly Change[];
}

interface Change {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** Compares what two builds were made from. */
export function buildChanges(from: Lock, to: Lock): BuildChanges {
  return {
    images: changes(
      from.images.map(({ reference, manifestDigest }) => [reference, manifestDigest.slice(0, 19)]),
      to.images.map(({ reference, manifestDigest }) => [reference, manifestDigest.slice(0, 19)]),
    ),
    packages: changes(
      from.base.packages.map(({ name, version }) => [name, version]),
      to.base.packages.map(({ name, version }) => [name, version]),
    ),
  };
}

type Pairs = readonly (readonly [string, string])[];

function changes(from: Pairs, to: Pairs): readonly Change[] {
  const before = new Map(from);
  const after = new Map(to);
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((name) => ({ name, from: before.get(name) ?? null, to: after.get(name) ?? null }))
    .filter((change) => change.from !== change.to);
}

const commitsLooked = 200;

function keptLockPath(folder: string, buildId: string): string {
  return join(folder, ".igneous", "locks", `${buildId.replace(/^sha256:/u, "").slice(0, 12)}.json`);
}

/** Keeps the lock that has a new build as its newest, also when nobody commits it. */
export async function keepLock(folder: string, buildId: string): Promise<void> {
  const text = await findText(join(folder, lockFileName));
  if (readable(text)?.builds[0]?.id === buildId) await writeAtomic(keptLockPath(folder, buildId), text ?? "");
}

/** The lock as it was when a build was its newest, here, kept by its bake, or in git's history: what it was made from. */
export async function findLockOf(
  context: Context,
  folder: string,
  buildId: string,
): Promise<Lock | undefined> {
  const isOf = (lock: Lock | undefined): boolean => lock?.builds[0]?.id === buildId;
  const here = readable(await findText(join(folder, lockFileName)));
  if (isOf(here)) return here;
  const kept = readable(await findText(keptLockPath(folder, buildId)));
  if (isOf(kept)) return kept;
  const log = await findInGit(context, folder, "log", `-${commitsLooked}`, "--format=%H", "--", lockFileName);
  for (const commit of (log ?? "").split("\n").filter((line) => line !== "")) {
    const text = await findInGit(context, folder, "show", `${commit}:./${lockFileName}`);
    const lock = readable(text === undefined ? undefined : `${text}\n`);
    if (isOf(lock)) return lock;
  }
  return undefined;
}

/** A lock of another day may be of a schema or a state that is not read any more; then it tells nothing. */
function readable(source: string | undefined): Lock | undefined {
  if (source === undefined || source === "") return undefined;
  try {
    return parseLock(lockFileName, source);
  } catch (error) {
    if (error instanceof IgneousError) return undefined;
    throw error;
  }
}
