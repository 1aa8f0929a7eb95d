import { join } from "node:path";
import type { Context } from "../core/context.ts";
import type { ObjectStore } from "../core/object-store.ts";
import { isSha256Hex } from "../core/digest.ts";
import { run } from "../host/exec.ts";
import { readLimited } from "../host/read-file.ts";
import { writeWhole } from "../host/files.ts";
import { listTree, makeFolder, removeTree } from "../host/folders.ts";
import type { CommitChecksum } from "./object.ts";
import { writeRef } from "./ref.ts";
import { objectPath, openRepo } from "./repo.ts";
import { findDelta } from "./static-delta.ts";

export const refFolder = "refs/heads/";
const superblockLimit = 2 ** 26;

/** What each ref of a published repo names. */
export async function readRefs(store: ObjectStore): Promise<ReadonlyMap<string, CommitChecksum>> {
  const refs = new Map<string, CommitChecksum>();
  for (const name of (await store.list(refFolder)).keys()) {
    const text = (await store.find(name))?.toString("utf8").trim() ?? "";
    if (isSha256Hex(text)) refs.set(name.slice(refFolder.length), text as string as CommitChecksum);
  }
  return refs;
}

/**
 * Writes the summary of a published repo, which tells readers its refs and deltas; after everything that it names. It is made
 * by `ostree` in a passing repo that has only the commits and the superblocks. True when there was something to write.
 */
export async function writeSummary(context: Context, store: ObjectStore): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const refs = await readRefs(store);
    const isChanged = await writeSummaryOf(context, store, refs);
    // Nobody holds a lock in a bucket: another publisher may have named its build after we looked.
    if (tries >= 5 || sameRefs(refs, await readRefs(store))) return isChanged || tries > 1;
  }
}

async function writeSummaryOf(
  context: Context,
  store: ObjectStore,
  refs: ReadonlyMap<string, CommitChecksum>,
): Promise<boolean> {
  const deltas = [...(await store.list("deltas/")).keys()]
    .filter((name) => name.endsWith("/superblock"))
    .sort();
  const known = new Set(refs.values());
  const useful = deltas.filter((name) => known.has(findDelta(name)?.to as CommitChecksum));
  const folder = await makeFolder(context.env["TMPDIR"] ?? "/tmp", "igneous-summary-");
  try {
    const repo = await openRepo(context, folder, { fsync: false });
    for (const [ref, commit] of refs) {
      const object = await store.find(`objects/${commit.slice(0, 2)}/${commit.slice(2)}.commit`);
      if (object === undefined) continue;
      await writeWhole(objectPath(repo, "commit", commit), object);
      await writeRef(repo, ref, commit);
    }
    for (const name of useful) {
      await writeWhole(join(folder, name), (await store.find(name)) ?? Buffer.alloc(0));
    }
    await run(context, ["ostree", "summary", "--update", `--repo=${folder}`]);
    const made = await listTree(folder);
    const indexes = made.filter((name) => name.startsWith("delta-indexes/"));
    let isChanged = false;
    for (const name of [...indexes, "summary"]) {
      const data = (await readLimited(join(folder, name), superblockLimit)) ?? Buffer.alloc(0);
      const there = await store.find(name);
      if (there !== undefined && withoutTime(there).equals(withoutTime(data))) continue;
      await store.put(name, data, "changing");
      isChanged = true;
    }
    return isChanged;
  } finally {
    await removeTree(folder);
  }
}

const timeKey = Buffer.from("ostree.summary.last-modified\0");

/** A summary as it would be at any other time: the value of a dictionary's entry follows its key at a multiple of eight. */
function withoutTime(summary: Buffer): Buffer {
  const key = summary.indexOf(timeKey);
  if (key === -1) return summary;
  const start = (key + timeKey.length + 7) & ~7;
  return Buffer.concat([summary.subarray(0, start), summary.subarray(start + 8)]);
}

function sameRefs(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([ref, commit]) => b.get(ref) === commit);
}
