import { join } from "node:path";
import { type Digest, shortDigest } from "../core/digest.ts";
import { parseJson, prettyJson } from "../core/json.ts";
import { findText, statFile, writeAtomic } from "../host/files.ts";

/** Where a build lies, and what is in its folder. */
export interface BuildFolder {
  readonly path: string;
  readonly disk: string;
  readonly report: string;
  readonly launch: string;
  readonly log: string;
}

export function buildFolder(project: string, id: Digest, out: string | undefined): BuildFolder {
  const path = out ?? join(project, ".igneous", "builds", shortDigest(id));
  return {
    path,
    disk: join(path, "disk.img"),
    report: join(path, "report.json"),
    launch: join(path, "launch.ign"),
    log: join(path, "boot.log"),
  };
}

/** What an earlier run left in a build folder, so that the next one need not read the disk again to believe it. */
export interface BuildState {
  readonly id: Digest;
  readonly predecessorCommit: string | null;
  readonly hostCommit: string;
  readonly disk: { readonly sha256: string; readonly size: number; readonly mtimeMs: number };
  /** Digest of the report of the boot check, when it passed. */
  readonly report: Digest | null;
  /** The platforms that the firmware of the checked machines named. */
  readonly bootedAs?: readonly ("qemu" | "aws")[];
}

const stateFile = "build.json";

/** The state of a build whose disk is still the file that was written; undefined when there is none, or it was changed. */
export async function findBuildState(folder: BuildFolder, id: Digest): Promise<BuildState | undefined> {
  const text = await findText(join(folder.path, stateFile));
  const stat = await statFile(folder.disk);
  if (text === undefined || stat === undefined) return undefined;
  const isState = (value: unknown): value is BuildState =>
    typeof value === "object" && value !== null && "id" in value && "disk" in value;
  try {
    const state = parseJson(text, isState, () => new Error("not a state"));
    const { size, mtimeMs } = state.disk;
    return state.id === id && stat.size === size && stat.mtimeMs === mtimeMs ? state : undefined;
  } catch {
    // Whatever it is, it is no proof that the disk is as it was made.
    return undefined;
  }
}

export async function writeBuildState(
  folder: BuildFolder,
  state: Omit<BuildState, "disk"> & { readonly disk: Pick<BuildState["disk"], "sha256"> },
): Promise<BuildState> {
  const stat = await statFile(folder.disk);
  if (stat === undefined) throw new Error(`${folder.disk} is gone`);
  const written = { ...state, disk: { ...state.disk, size: stat.size, mtimeMs: stat.mtimeMs } };
  await writeAtomic(join(folder.path, stateFile), prettyJson(written));
  return written;
}
