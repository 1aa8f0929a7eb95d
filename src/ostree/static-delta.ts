import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { run } from "../host/exec.ts";
import { listFiles } from "../host/folders.ts";
import type { CommitChecksum } from "./object.ts";
import type { Repo } from "./repo.ts";

/** Names of checksums in paths: base64 with `_` for `/`. */
function pathName(commit: CommitChecksum): string {
  return Buffer.from(commit, "hex").toString("base64").replaceAll("/", "_").replaceAll("=", "");
}

function commitOf(name: string): CommitChecksum {
  return Buffer.from(name.replaceAll("_", "/"), "base64").toString("hex") as CommitChecksum;
}

/** Folder of the delta between two commits, relative to its repo. */
export function deltaFolder(from: CommitChecksum, to: CommitChecksum): string {
  const name = pathName(from);
  return `deltas/${name.slice(0, 2)}/${name.slice(2)}-${pathName(to)}`;
}

/** The commits between which a delta leads, of a path such as {@link deltaFolder} makes them; undefined for others. */
export function findDelta(
  path: string,
): { readonly from: CommitChecksum; readonly to: CommitChecksum } | undefined {
  const match = /^deltas\/([^/]{2})\/([^/-]{41})-([^/]{43})(?:\/|$)/u.exec(path);
  if (match === null) return undefined;
  return { from: commitOf(`${match[1]}${match[2]}`), to: commitOf(match[3] ?? "") };
}

/**
 * Makes a static delta in a repo unless it is there, and lists its files: parts first, the superblock that names them last.
 * Files above 4 MB that changed as a whole are not in it; they are pulled as objects.
 */
export async function makeDelta(
  context: Context,
  repo: Repo,
  from: CommitChecksum,
  to: CommitChecksum,
): Promise<readonly string[]> {
  const ends = [`--from=${from}`, `--to=${to}`] as const;
  await run(context, [
    "ostree",
    "static-delta",
    "generate",
    `--repo=${repo.path}`,
    "--if-not-exists",
    ...ends,
  ]);
  const folder = deltaFolder(from, to);
  const names = (await listFiles(join(repo.path, folder))).filter((name) => name !== "superblock");
  return [...names, "superblock"].map((name) => `${folder}/${name}`);
}
