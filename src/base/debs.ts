import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import { type Downloader, withDownloader } from "../host/download.ts";
import { sizeOf } from "../host/files.ts";
import { ensureFolder, listFiles, removeTree } from "../host/folders.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { withRoom } from "../host/room.ts";
import { withAptProxies } from "./apt-proxies.ts";
import { type Archive, findArchive, packageUris } from "./archive.ts";
import type { LockedBase, LockedPackage } from "./locked.ts";

const step = "fetch packages";
const parallel = 8;
const waitMs = 1_800_000;

/** Where the cache has a package; a file is there only when its size and sha256 were right. */
export function debPath(context: Context, locked: Pick<LockedPackage, "sha256">): string {
  return join(context.cacheDir, "debs", `${locked.sha256}.deb`);
}

/**
 * Brings packages into the cache, from the first archive that has them: the one of the environment or the spec, or this
 * machine's. Packages that left the archive are a `base-package-gone` that names all of them.
 */
export function fetchDebs(
  context: Context,
  packages: readonly LockedPackage[],
  mirror?: string,
): Promise<void> {
  return runStep(context, step, "fetch Debian packages", async () => {
    const unchanged = { value: undefined, outcome: "unchanged" as const };
    if ((await notCached(context, packages)).length === 0) return unchanged;
    const folder = join(context.cacheDir, "debs");
    return withProcessLock(context, `${folder}.lock`, waitMs, async () => {
      const missing = await notCached(context, packages);
      if (missing.length === 0) return unchanged;
      await removeTorn(folder);
      const bytes = missing.reduce((sum, { size }) => sum + size, 0);
      await withRoom([{ folder, bytes, what: `fetching ${missing.length} packages` }], async () =>
        fetchMissing(context, missing, await findArchive(context, { mirror })),
      );
      return { value: undefined, note: `${missing.length} packages` };
    });
  });
}

/** What a run that was killed left behind; the caller holds the lock. */
async function removeTorn(folder: string): Promise<void> {
  await ensureFolder(folder);
  for (const name of await listFiles(folder)) if (name.endsWith(".tmp")) await removeTree(join(folder, name));
}

/** The first failure stops the other downloads, and is thrown when all of them have ended. */
async function fetchMissing(
  context: Context,
  missing: readonly LockedPackage[],
  archive: Archive,
): Promise<void> {
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const stoppable = { ...(await withAptProxies(context)), signal };
  const failures: unknown[] = [];
  const gone: LockedPackage[] = [];
  let done = 0;
  await withDownloader(stoppable, (downloader) =>
    mapLimit(missing, parallel, async (locked) => {
      if (signal.aborted) return;
      try {
        if (!(await fetchDeb(context, downloader, archive, locked))) gone.push(locked);
        done += locked.size;
        context.emit({ type: "step-progress", step, done, total, unit: "bytes" });
      } catch (error) {
        failures.push(error);
        stop.abort(error);
      }
    }),
  );
  context.signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  if (gone.length > 0) throw packagesGone(gone);
}

/** Tells which locked packages are neither in the cache nor in the archive. Downloads nothing. */
export async function checkBase(
  context: Context,
  locked: LockedBase,
  mirror?: string,
): Promise<{ readonly gone: readonly LockedPackage[] }> {
  const missing = await notCached(context, [...locked.packages, ...locked.tools]);
  if (missing.length === 0) return { gone: [] };
  const archive = await findArchive(context, { mirror });
  const gone = await withDownloader(await withAptProxies(context), (downloader) =>
    mapLimit(missing, parallel, async (item) => {
      const answers: (boolean | undefined)[] = [];
      for (const uri of packageUris(archive, item.filename)) {
        answers.push(await downloader.isServed(uri));
        if (answers.includes(true)) return [];
      }
      if (answers.includes(undefined))
        throw unreachable(archive.main, `${item.filename} cannot be asked for`);
      return [item];
    }),
  );
  return { gone: gone.flat() };
}

async function notCached(
  context: Context,
  packages: readonly LockedPackage[],
): Promise<readonly LockedPackage[]> {
  const unique = Array.from(new Map(packages.map((item) => [item.sha256, item])).values());
  const sizes = await Promise.all(unique.map((item) => sizeOf(debPath(context, item))));
  return unique.filter((item, index) => sizes[index] !== item.size);
}

/** False when no archive has it. */
async function fetchDeb(
  context: Context,
  downloader: Downloader,
  archive: Archive,
  locked: LockedPackage,
): Promise<boolean> {
  const problems: string[] = [];
  let damaged = false;
  for (const uri of packageUris(archive, locked.filename)) {
    const result = await downloader.download(uri, debPath(context, locked), locked);
    if (result.outcome === "done") return true;
    if (result.outcome !== "absent") problems.push(result.reason);
    damaged ||= result.outcome === "damaged";
  }
  if (problems.length === 0) return false;
  if (!damaged) throw unreachable(archive.main, problems.join("\n"));
  throw new IgneousError(
    "archive-untrusted",
    `${locked.name} ${locked.version} is not what was locked\n${problems.join("\n")}`,
    {
      hint: "name another mirror: export IGNEOUS_DEB_MIRROR=http://MIRROR/debian",
    },
  );
}

function unreachable(mirror: string, reason: string): IgneousError {
  return new IgneousError("archive-unreachable", `packages cannot be fetched from ${mirror}\n${reason}`, {
    hint: "check the network and run the same command again; what was fetched is kept",
  });
}

function packagesGone(gone: readonly LockedPackage[]): IgneousError {
  const names = gone.map(({ name, version }) => `  ${name} ${version}`).sort();
  const count = gone.length === 1 ? "a locked package has" : `${gone.length} locked packages have`;
  return new IgneousError("base-package-gone", `${count} left the archive\n${names.join("\n")}`, {
    hint: "run: igneous lock --update base, or set IGNEOUS_DEB_MIRROR to a snapshot of the archive that has them",
  });
}
