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
  const git = (...words: readonly string[]): Promise<string | undefined> =>
    findInGit(context, folder, ...words);
  const revision = await git("rev-parse", "HEAD");
  if (revision === undefined) return undefined;
  const tag = await git("describe", "--tags", "--exact-match");
  const changed = await git("status", "--porcelain", "--untracked-files=no");
  return { revision, ...(tag === undefined ? {} : { tag }), dirty: changed !== "" };
}

/** What a git command of a folder prints, without the last line end; undefined where there is no git, or not what was asked. */
export async function findInGit(
  context: Context,
  folder: string,
  ...words: readonly string[]
): Promise<string | undefined> {
  if (findTool(context, "git") === undefined) return undefined;
  const { stdout, exit } = await run(context, ["git", "-C", folder, ...words], { okExits: [0, 128] });
  return exit === 0 ? stdout.replace(/\n$/u, "") : undefined;
}
