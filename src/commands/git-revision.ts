import type { Context } from "../core/context.ts";
import { run } from "../host/exec.ts";
import { findTool } from "../host/tools.ts";

export interface GitRevision {
  readonly revision: string;
  readonly tag?: string;
  /** Whether files that git tracks were changed. */
  readonly dirty: boolean;
}

/** What git says of the folder of a spec; undefined where there is no git or no commit. */
export async function findGitRevision(context: Context, folder: string): Promise<GitRevision | undefined> {
  if (findTool(context, "git") === undefined) return undefined;
  const git = async (...words: readonly string[]): Promise<string | undefined> => {
    const { stdout, exit } = await run(context, ["git", "-C", folder, ...words], { okExits: [0, 128] });
    return exit === 0 ? stdout.trim() : undefined;
  };
  const revision = await git("rev-parse", "HEAD");
  if (revision === undefined) return undefined;
  const tag = await git("describe", "--tags", "--exact-match");
  const changed = await git("status", "--porcelain", "--untracked-files=no");
  return { revision, ...(tag === undefined ? {} : { tag }), dirty: changed !== "" };
}
