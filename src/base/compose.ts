import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import type { Started } from "../host/exec.ts";
import { writeAtomic } from "../host/files.ts";
import { ensureFolder, listFiles, makeFolder, removeTree } from "../host/folders.ts";
import { packageFolder } from "../host/package-files.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { withRoom } from "../host/room.ts";
import { commitTar } from "../ostree/commit-tar.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { findRef } from "../ostree/ref.ts";
import type { Repo } from "../ostree/repo.ts";
import { fetchDebs } from "./debs.ts";
import type { LockedBase } from "./locked.ts";
import { recipeDigest } from "./recipe.ts";
import { scratchBytes, unpackedBytes } from "./room.ts";
import { openToolsRoot, runInTools, startInTools, type ToolsRoot } from "./tools.ts";

const step = "compose base";
const waitMs = 1_800_000;

/**
 * Makes the commit of the base tree: the locked packages, installed by dpkg in a namespace, with an initrd, in the shape that
 * OSTree deploys. The same lock gives the same commit on any machine; one that is in the repo already is not made again.
 */
export async function composeBase(
  context: Context,
  repo: Repo,
  locked: LockedBase,
  mirror?: string,
): Promise<{ readonly commit: CommitChecksum }> {
  const ref = await baseRef(locked);
  const there = await findRef(repo, ref);
  if (there !== undefined) {
    const kept = { value: { commit: there }, outcome: "unchanged" as const };
    return runStep(context, step, composeTitle, async () => kept);
  }
  await fetchDebs(context, [...locked.packages, ...locked.tools], mirror);
  const tools = await openToolsRoot(context, locked, mirror);
  return runStep(context, step, composeTitle, () =>
    withScratch(context, tools, async (scratch) => {
      const what = "composing the base tree";
      const demands = [
        { folder: scratch, bytes: scratchBytes(locked), what },
        { folder: repo.path, bytes: unpackedBytes(locked.packages), what },
      ];
      const commit = await withRoom(demands, () => compose(context, repo, { locked, tools, scratch, ref }));
      return { value: { commit }, note: `${locked.packages.length} packages` };
    }),
  );
}

export const basePrefix = "igneous/base";

/** The ref of the base tree that a lock asks for. */
export async function baseRef(locked: LockedBase): Promise<string> {
  return `${basePrefix}/${(await recipeDigest(locked)).slice(0, 32)}`;
}

const composeTitle = "compose the base tree";

interface Composition {
  readonly locked: LockedBase;
  readonly tools: ToolsRoot;
  readonly scratch: string;
  readonly ref: string;
}

async function compose(context: Context, repo: Repo, composition: Composition): Promise<CommitChecksum> {
  const { locked, ref } = composition;
  const composing = await startComposition(context, composition);
  const archive = composing.stdout as AsyncIterable<Buffer>;
  return commitTar(context, repo, archive, () => composing.done, { ref, subject: `Debian ${locked.suite}` });
}

/** Starts the programs that make the base tree in an empty folder; the tree comes as a tar archive on standard output. */
export async function startComposition(
  context: Context,
  { locked, tools, scratch }: Omit<Composition, "ref">,
): Promise<Started> {
  const packages = [...locked.packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  const list = packages.map(({ sha256, name }) => `${sha256} ${name}\n`).join("");
  await writeAtomic(join(scratch, "packages"), list);
  await ensureFolder(join(scratch, "flat"));
  const debs = join(context.cacheDir, "debs");
  const composing = startInTools(context, tools, ["sh", "/node/compose/compose.sh", locked.suite], {
    binds: [
      { source: scratch, target: "/scratch" },
      { source: join(scratch, "flat"), target: "/flat" },
      { source: debs, target: "/flat/debs", readOnly: true },
      { source: join(packageFolder, "node"), target: "/node", readOnly: true },
    ],
    onStderr: composeProgress(context.emit, packages.length),
  });
  composing.stdin.end();
  return composing;
}

/** dpkg unpacks and sets up each package once, and says so, in pieces that may end in the middle of a line; then come other stages. */
export function composeProgress(emit: Context["emit"], packages: number): (text: string) => void {
  const total = 2 * packages;
  let rest = "";
  let done = 0;
  let stage: string | undefined;
  let stages = 1;
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (/^(?:Unpacking|Setting up) /u.test(line)) done = Math.min(done + 1, total);
      const begun = /^stage: (.*)$/u.exec(line)?.[1];
      if (begun === undefined) continue;
      stage = begun;
      stages++;
    }
    const note = "packages unpacked and set up";
    if (stage === undefined) emit({ type: "step-progress", step, done, total, unit: "items", note });
    else emit({ type: "step-progress", step, done: stages, total: 3, unit: "stages", note: stage });
  };
}

/** A folder that is gone afterwards, and so are those of runs that were killed. Only one process composes at a time. */
async function withScratch<T>(
  context: Context,
  tools: ToolsRoot,
  body: (folder: string) => Promise<T>,
): Promise<T> {
  const parent = join(context.cacheDir, "compose");
  return withProcessLock(context, join(context.cacheDir, "compose.lock"), waitMs, async () => {
    await ensureFolder(parent);
    if ((await listFiles(parent)).length > 0) await emptyInTools(context, tools, parent);
    const folder = await makeFolder(parent, "");
    try {
      return await body(folder);
    } finally {
      if (!context.signal.aborted) await emptyInTools(context, tools, parent);
      await removeTree(parent).catch(() => undefined);
    }
  });
}

/** Files of a tree belong to subordinate ids, which only a namespace may remove. */
async function emptyInTools(context: Context, tools: ToolsRoot, parent: string): Promise<void> {
  const binds = [{ source: parent, target: "/stale" }];
  await runInTools(context, tools, ["find", "/stale", "-mindepth", "1", "-delete"], { binds });
}
