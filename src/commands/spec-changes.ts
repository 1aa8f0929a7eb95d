import { join } from "node:path";
import { digestOf } from "../core/digest.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import { findText, writeAtomic } from "../host/files.ts";
import type { Difference } from "../lock/diff.ts";
import type { Project } from "./project.ts";

type Shape = { readonly [key: string]: Json };

function shapePath(folder: string): string {
  return join(folder, ".igneous", "locked-spec.json");
}

/** Keeps what of the spec was locked, so that a later difference can be told by its fields. */
export async function keepShape({ folder, shape }: Project): Promise<void> {
  await writeAtomic(shapePath(folder), canonicalJson(shape));
}

/** Finds what was locked under a digest of the spec, elsewhere. */
export type FindShape = (digest: string | null) => Promise<Json | undefined>;

/**
 * Differences in which that of the spec's digest is told by its fields, where the spec that was locked can be had: from the
 * last `igneous lock` here, else from `older`.
 */
export async function withFields(
  { folder, shape }: Project,
  differences: readonly Difference[],
  older: FindShape = () => Promise.resolve(undefined),
): Promise<readonly Difference[]> {
  const digests = differences.find(({ what }) => what === "spec");
  if (digests === undefined) return differences;
  const kept = await findText(shapePath(folder));
  const isLocked = kept !== undefined && digestOf(kept) === digests.locked;
  const locked = isLocked ? (JSON.parse(kept) as Json) : await older(digests.locked);
  if (locked === undefined) return differences;
  const fields = changedFields("", locked, JSON.parse(canonicalJson(shape)) as Json);
  return fields.length === 0
    ? differences
    : differences.flatMap((difference) => (difference === digests ? fields : [difference]));
}

function changedFields(path: string, from: Json | undefined, to: Json | undefined): readonly Difference[] {
  if (isObject(from) && isObject(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return keys.flatMap((key) => changedFields(path === "" ? key : `${path}.${key}`, from[key], to[key]));
  }
  const [locked, wanted] = [shown(from), shown(to)];
  return locked === wanted ? [] : [{ what: path, locked, wanted }];
}

function isObject(value: Json | undefined): value is Shape {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: Json | undefined): string | null {
  return value === undefined ? null : canonicalJson(value);
}
