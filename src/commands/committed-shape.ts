import type { Context } from "../core/context.ts";
import { digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import { lockFileName } from "../lock/file.ts";
import type { Lock } from "../lock/schema.ts";
import { parseSpec } from "../spec/load.ts";
import { shapeOf } from "../spec/shape.ts";
import { findInGit } from "./git-revision.ts";
import { specFileName } from "./project.ts";

/** What was locked, from the spec that git has of the commit that the lock is of; undefined where git has not got it. */
export async function committedShape(
  context: Context,
  folder: string,
  lock: Lock,
): Promise<Json | undefined> {
  const commit = await findInGit(context, folder, "log", "-1", "--format=%H", "--", lockFileName);
  if (commit === undefined || commit === "") return undefined;
  const source = await findInGit(context, folder, "show", `${commit}:./${specFileName}`);
  if (source === undefined) return undefined;
  try {
    const shape = shapeOf(parseSpec(specFileName, source).spec);
    return digestOf(canonicalJson(shape)) === lock.spec ? shape : undefined;
  } catch (error) {
    if (error instanceof IgneousError) return undefined;
    throw error;
  }
}
