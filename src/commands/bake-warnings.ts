import type { Context } from "../core/context.ts";
import type { Diagnostic } from "../core/report.ts";
import { downgradeProblems } from "../containers/version-rules.ts";
import type { LockedBuild } from "../lock/schema.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { hasCommit } from "../ostree/object-read.ts";
import type { Repo } from "../ostree/repo.ts";
import { readTreeFile } from "../ostree/tree-read.ts";
import { refuse } from "../spec/load.ts";
import { parseManifest } from "./node-documents.ts";
import { manifestPath } from "./payload.ts";
import { located, type Project } from "./project.ts";

/** Tells what is odd about the spec. */
export function emitWarnings(context: Context, diagnostics: readonly Diagnostic[]): void {
  for (const { severity, path, message, hint } of diagnostics) {
    if (severity !== "warning") continue;
    const where = path === undefined ? message : `${path}: ${message}`;
    context.emit({ type: "warning", message: where, ...(hint === undefined ? {} : { hint }) });
  }
}

/** Refuses, or warns of, versions that cannot read the data of the build before, whose manifest says what it runs. */
export async function checkDowngrades(
  context: Context,
  project: Project,
  repo: Repo,
  predecessor: LockedBuild | undefined,
): Promise<void> {
  if (predecessor === undefined || !hasCommit(repo, predecessor.hostCommit)) return;
  const commit = predecessor.hostCommit as string as CommitChecksum;
  const text = Buffer.from(await readTreeFile(context, repo, commit, manifestPath)).toString("utf8");
  const { containers, pods = [] } = parseManifest(text);
  const previous = [...containers, ...pods].map(({ name, reference }) => [name, reference] as const);
  const found = downgradeProblems(Object.fromEntries(previous), project.containers);
  const { file, source } = project.loaded;
  refuse(file, source, located(project.loaded, found));
  emitWarnings(context, found);
}
