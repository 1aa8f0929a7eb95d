import type { Context } from "../core/context.ts";
import { digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import { lockFileName } from "../lock/file.ts";
import { parseSpec } from "../spec/load.ts";
import { shapeOf } from "../spec/shape.ts";
import { findInGit } from "./git-revision.ts";
import { specFileName } from "./project.ts";
import type { FindShape } from "./spec-changes.ts";

/** Finds what was locked in the spec that git has of the commit that the lock is of. */
export function committedShape(context: Context, folder: string): FindShape {
  return (digest) => readCommitted(context, folder, digest);
}

async function readCommitted(
  context: Context,
  folder: string,
  digest: string | null,
): Promise<Json | undefined> {
  const commit = await findInGit(context, folder, "log", "-1", "--format=%H", "--", lockFileName);
  if (commit === undefined || commit === "") return undefined;
  const source = await findInGit(context, folder, "show", `${commit}:./${specFileName}`);
  if (source === undefined) return undefined;
  try {
    const shape = shapeOf(parseSpec(specFileName, source).spec);
    return digestOf(canonicalJson(shape)) === digest ? shape : undefined;
  } catch (error) {
    if (error instanceof IgneousError) return undefined;
    throw error;
  }
}
