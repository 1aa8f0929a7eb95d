import { randomBytes } from "node:crypto";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { run } from "../host/exec.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { listFolder, makeFolder, removePath } from "../host/object-files.ts";
import type { CommitChecksum } from "./object.ts";
import { type ObjectWriter, openObjectWriter } from "./object-writer.ts";
import { writeRef } from "./ref.ts";
import { openRepo, type Repo } from "./repo.ts";

export interface Transaction {
  readonly writer: ObjectWriter;
  /** Where the new objects can be read before the transaction ends. */
  readonly staged: Repo;
  /** Starts to bring to the disk what was written so far, while the rest is made: the end has less to wait for. */
  readonly flushAhead: () => void;
  /** Names a commit when the transaction ends; without a ref it is only made part of the repo. */
  readonly publish: (commit: CommitChecksum, ref?: string) => void;
}

/**
 * Runs `body` with a writer of objects, alone in the repo. Refs are written last, when all that they name is on the disk: a run that
 * is killed before leaves no ref, and at most objects that the next run finds and need not write again.
 *
 * Content objects are written by ourselves only in archive format. A repo of another mode gets them from a passing
 * archive repo in its `tmp`, through `ostree pull-local`.
 */
export async function withTransaction<T>(
  context: Context,
  repo: Repo,
  body: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return withRepoLock(context, repo, () => runTransaction(context, repo, body));
}

async function runTransaction<T>(
  context: Context,
  repo: Repo,
  body: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  // Whoever left these is gone, since the lock is ours.
  for (const name of listFolder(`${repo.path}/tmp`)) {
    if (name.startsWith("igneous-")) removePath(`${repo.path}/tmp/${name}`);
  }
  const staged = repo.mode === "archive" ? repo : await openStage(context, repo);
  const writer = openObjectWriter(staged);
  const sync = (): Promise<unknown> => run(context, ["sync", "-f", repo.path]);
  let ahead: Promise<unknown> = Promise.resolve();
  const published: { readonly commit: CommitChecksum; readonly ref: string | undefined }[] = [];
  try {
    const result = await body({
      writer,
      staged,
      flushAhead() {
        // Whether it fails, the last one tells.
        if (repo.fsync && staged === repo) ahead = sync().catch(() => undefined);
      },
      publish: (commit, ref) => void published.push({ commit, ref }),
    });
    context.signal.throwIfAborted();
    if (staged !== repo && published.length > 0) {
      const commits = [...new Set(published.map(({ commit }) => commit))];
      await run(context, ["ostree", "pull-local", `--repo=${repo.path}`, staged.path, ...commits]);
    }
    await ahead;
    if (repo.fsync && published.length > 0) await sync();
    // Together, so that the disk is waited for once.
    const named = published.flatMap(({ commit, ref }) => (ref === undefined ? [] : [{ commit, ref }]));
    await Promise.all(named.map(({ commit, ref }) => writeRef(repo, ref, commit)));
    return result;
  } catch (error) {
    // What was refused leaves nothing behind; what only came to nothing is gone on with by the next run.
    if (error instanceof IgneousError && error.exitCode === 4) writer.takeBack();
    throw error;
  } finally {
    await ahead;
    writer.close();
    if (staged !== repo) removePath(staged.path);
  }
}

/** How long another process may keep the repo before we give up waiting. */
const patience = 10 * 60 * 1000;

/** Held by whoever writes into a repo or removes from it. */
export function withRepoLock<T>(context: Context, repo: Repo, body: () => Promise<T>): Promise<T> {
  return withProcessLock(context, `${repo.path}/tmp/igneous.lock`, patience, body);
}

async function openStage(context: Context, repo: Repo): Promise<Repo> {
  const path = `${repo.path}/tmp/igneous-stage-${process.pid}-${randomBytes(4).toString("hex")}`;
  makeFolder(path);
  return openRepo(context, path, { fsync: false });
}
