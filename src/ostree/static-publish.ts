import { join } from "node:path";
import type { Context } from "../core/context.ts";
import type { ObjectStore } from "../core/object-store.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import { findBytes } from "../host/object-files.ts";
import { readStream } from "../host/read-file.ts";
import { type Closure, closureOf, readerOf } from "./closure.ts";
import { compressedFile } from "./compressed-file.ts";
import type { CommitChecksum, ObjectChecksum, ObjectKind } from "./object.ts";
import { objectPath, type Repo } from "./repo.ts";
import { deltaFolder, makeDelta } from "./static-delta.ts";
import { refFolder, writeSummary } from "./static-summary.ts";

export interface StaticCommit {
  readonly commit: CommitChecksum;
  /** What it is called in the published repo. */
  readonly ref: string;
  /** The commit that nodes come from: a static delta leads from it to the new one. */
  readonly from: CommitChecksum | undefined;
}

export interface Wanted {
  readonly kind: ObjectKind;
  readonly checksum: ObjectChecksum;
  /** Name in a published repo. */
  readonly name: string;
}

/** What publishing a commit would send. */
export interface StaticPlan {
  readonly objects: number;
  readonly missing: readonly Wanted[];
}

export interface StaticPublished {
  /** Objects of the commit, and how many of them were not there yet. */
  readonly objects: number;
  readonly sent: number;
  /** Bytes of objects that were sent, compressed. */
  readonly sentBytes: number;
  /** Size of the static delta from the predecessor; null without one. */
  readonly deltaBytes: number | null;
  readonly isChanged: boolean;
}

const atOnce = 16;

/** Compares a commit with what is published. Writes nothing. */
export async function planStatic(
  repo: Repo,
  store: ObjectStore,
  commit: CommitChecksum,
): Promise<StaticPlan> {
  const all = wantedObjects(await closureOf(readerOf(repo), commit), commit);
  const there = await store.list("objects/");
  // A power cut may leave a name without content.
  const missing = all.filter(({ name }) => (there.get(name)?.size ?? 0) === 0);
  return { objects: all.length, missing };
}

/** Contents first and the commit last: whoever sees a commit can have all of it. */
export function wantedObjects(
  { files, dirmetas, dirtrees }: Closure,
  commit: CommitChecksum,
): readonly Wanted[] {
  const named = (kind: ObjectKind, suffix: string, checksums: Iterable<ObjectChecksum>): readonly Wanted[] =>
    Array.from(checksums, (checksum) => ({
      kind,
      checksum,
      name: `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${suffix}`,
    }));
  return [
    ...named("file", "filez", files),
    ...named("dirmeta", "dirmeta", dirmetas),
    ...named("dirtree", "dirtree", dirtrees),
    ...named("commit", "commit", [commit]),
  ];
}

/**
 * Adds a commit to a published repo: objects that are missing, then the commit, then the delta, then the ref, then the summary.
 * Stopped at any moment, it leaves a repo that serves what it served before; the next run goes on.
 */
export async function publishStatic(
  context: Context,
  repo: Repo,
  store: ObjectStore,
  { commit, ref, from }: StaticCommit,
): Promise<StaticPublished> {
  const plan = await planStatic(repo, store, commit);
  const sentBytes = await sendObjects(context, repo, store, plan);
  const delta = from === undefined ? null : await sendDelta(context, repo, store, from, commit);
  const refName = `${refFolder}${ref}`;
  const isNamed = (await store.find(refName))?.toString("utf8").trim() === commit;
  if (!isNamed) await store.put(refName, Buffer.from(`${commit}\n`), "changing");
  const isListed = await writeSummary(context, store);
  await store.settle();
  return {
    objects: plan.objects,
    sent: plan.missing.length,
    sentBytes,
    deltaBytes: delta === null ? null : delta.bytes,
    isChanged: plan.missing.length > 0 || delta?.isNew === true || !isNamed || isListed,
  };
}

async function sendObjects(
  context: Context,
  repo: Repo,
  store: ObjectStore,
  { objects, missing }: StaticPlan,
): Promise<number> {
  return runStep(context, "objects", `publish ${objects} objects to ${store.name}`, async () => {
    if (missing.length === 0) return { value: 0, outcome: "unchanged" };
    let done = 0;
    let bytes = 0;
    const send = async (wanted: Wanted): Promise<void> => {
      context.signal.throwIfAborted();
      bytes += await sendObject(repo, store, wanted);
      done++;
      if (done % 100 !== 0) return;
      context.emit({ type: "step-progress", step: "objects", done, total: missing.length, unit: "items" });
    };
    const last = missing.filter(({ kind }) => kind === "commit");
    await mapLimit(
      missing.filter(({ kind }) => kind !== "commit"),
      atOnce,
      send,
    );
    await store.settle();
    for (const wanted of last) await send(wanted);
    const note = `${missing.length} sent, ${Math.round(bytes / 1e5) / 10} MB`;
    return { value: bytes, outcome: missing.length < objects ? "resumed" : "done", note };
  });
}

async function sendObject(repo: Repo, store: ObjectStore, { kind, checksum, name }: Wanted): Promise<number> {
  let bytes = 0;
  const content =
    kind === "file" ? await compressedFile(repo, checksum) : findBytes(objectPath(repo, kind, checksum));
  if (content === undefined) throw new Error(`${name} vanished from ${repo.path}`);
  if (content instanceof Uint8Array) {
    await store.put(name, content, "lasting");
    return content.length;
  }
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  await store.put(name, counted(), "lasting");
  return bytes;
}

interface SentDelta {
  readonly bytes: number;
  readonly isNew: boolean;
}

/** A delta that was published from elsewhere is as good; its parts must not be mixed with ours. */
async function sendDelta(
  context: Context,
  repo: Repo,
  store: ObjectStore,
  from: CommitChecksum,
  to: CommitChecksum,
): Promise<SentDelta> {
  const title = `static delta from ${from.slice(0, 12)}`;
  return runStep<SentDelta>(context, "delta", title, async () => {
    const there = await store.list(`${deltaFolder(from, to)}/`);
    const size = [...there.values()].reduce((sum, each) => sum + each.size, 0);
    if (there.has(`${deltaFolder(from, to)}/superblock`)) {
      return { value: { bytes: size, isNew: false }, outcome: "unchanged" };
    }
    let bytes = 0;
    for (const name of await makeDelta(context, repo, from, to)) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of readStream(join(repo.path, name))) chunks.push(chunk);
      const data = Buffer.concat(chunks);
      bytes += data.length;
      await store.put(name, data, "lasting");
    }
    await store.settle();
    return { value: { bytes, isNew: true }, note: `${Math.round(bytes / 1e4) / 100} MB` };
  });
}
