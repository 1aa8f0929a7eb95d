import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { ListedFile, ObjectStore } from "../core/object-store.ts";
import { runStep } from "../core/step.ts";
import { findBytes } from "../host/object-files.ts";
import { closureOf, type MetadataReader } from "./closure.ts";
import { decodeCommit } from "./commit-object.ts";
import type { CommitChecksum, ObjectChecksum } from "./object.ts";
import { decodeDirtree } from "./object-decode.ts";
import { objectPath, type Repo } from "./repo.ts";
import { findDelta } from "./static-delta.ts";
import { wantedObjects } from "./static-publish.ts";
import { readRefs, refFolder, writeSummary } from "./static-summary.ts";

export interface StaticGcRules {
  /** Refs that stay, of those that `isMine` says are ours; refs of others always stay. */
  readonly keep: ReadonlySet<string>;
  readonly isMine: (ref: string) => boolean;
  /** Files written after this time stay: somebody may be publishing them. */
  readonly before: number;
}

export interface StaticGarbage {
  readonly refs: readonly string[];
  /** Names of deltas and objects that nothing needs any more. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/**
 * Finds what a published repo does not need: refs that are not kept, deltas to commits that go, and objects that no commit
 * that stays reaches. A repo in which something is missing is `repo-corrupt`, and nothing of it is garbage.
 */
export async function findStaticGarbage(
  context: Context,
  repo: Repo,
  store: ObjectStore,
  rules: StaticGcRules,
): Promise<StaticGarbage> {
  return runStep(context, "reachable", `what ${store.name} needs`, async () => {
    const refs = await readRefs(store);
    const written = await store.list(refFolder);
    const isOld = (ref: string): boolean =>
      (written.get(`${refFolder}${ref}`)?.changedAt ?? rules.before) < rules.before;
    const going = [...refs.keys()]
      .filter((ref) => rules.isMine(ref) && !rules.keep.has(ref) && isOld(ref))
      .sort();
    const staying = new Set([...refs].filter(([ref]) => !going.includes(ref)).map(([, commit]) => commit));
    const needed = new Set<string>();
    for (const commit of staying) {
      context.signal.throwIfAborted();
      const closure = await closureOf(publishedReader(repo, store), commit);
      for (const { name } of wantedObjects(closure, commit)) needed.add(name);
    }
    const files: string[] = [];
    let bytes = 0;
    const sort = (listed: ReadonlyMap<string, ListedFile>, isNeeded: (name: string) => boolean): void => {
      for (const [name, { size, changedAt }] of listed) {
        if (isNeeded(name) || changedAt >= rules.before) continue;
        files.push(name);
        bytes += size;
      }
    };
    sort(await store.list("deltas/"), (name) => {
      const delta = findDelta(name);
      return delta === undefined || staying.has(delta.to);
    });
    sort(await store.list("objects/"), (name) => needed.has(name));
    const value = { refs: going, files, bytes };
    return { value, note: `${going.length} refs and ${files.length} files may go` };
  });
}

/** Removes what {@link findStaticGarbage} found; refs and summary first, so that no reader is sent where something is missing. */
export async function removeStaticGarbage(
  context: Context,
  store: ObjectStore,
  { refs, files }: StaticGarbage,
): Promise<void> {
  await runStep(context, "remove", `remove ${refs.length} refs and ${files.length} files`, async () => {
    await store.remove(refs.map((ref) => `${refFolder}${ref}`));
    if (refs.length > 0) await writeSummary(context, store);
    await store.settle();
    // A commit goes before what it reaches.
    const isCommit = (name: string): boolean => name.endsWith(".commit");
    await store.remove([...files].sort((a, b) => Number(isCommit(b)) - Number(isCommit(a))));
    return { value: undefined };
  });
}

/** Reads from the repo of the bake what it has, which saves asking for it one by one. */
function publishedReader(repo: Repo, store: ObjectStore): MetadataReader {
  const read = async (
    kind: "commit" | "dirtree",
    checksum: ObjectChecksum | CommitChecksum,
  ): Promise<Buffer> => {
    const name = `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${kind}`;
    const found = findBytes(objectPath(repo, kind, checksum as ObjectChecksum)) ?? (await store.find(name));
    if (found !== undefined) return found;
    throw new IgneousError("repo-corrupt", `${store.name} lacks ${name}`, {
      hint: "publish the build that needs it again; nothing was removed",
    });
  };
  return {
    commit: async (checksum) => decodeCommit(await read("commit", checksum)),
    dirtree: async (checksum) => decodeDirtree(await read("dirtree", checksum)),
  };
}
