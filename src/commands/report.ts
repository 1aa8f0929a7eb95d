import { join } from "node:path";
import { renderRolloutReport } from "../aws/rollout-report.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { findText, writeAtomic } from "../host/files.ts";
import { findLock } from "../lock/file.ts";
import { findBuild } from "./build-id.ts";
import { buildSections, renderBuildReport } from "./build-page.ts";
import { parseRecord, recordPath } from "./rollout-records.ts";

interface ReportOptions {
  readonly folder: string;
  /** Id of a rollout that this machine carried out or followed, or the start of a build's id. */
  readonly subject: string;
  /** Where the page goes; below `.igneous` when not given. */
  readonly out?: string;
}

interface ReportResult {
  readonly path: string;
  readonly subject: string;
  /** How the rollout ended; null for a build. */
  readonly status: string | null;
}

/** Writes one self-contained HTML page about a rollout, or about a build of the lock. */
export async function report(
  context: Context,
  { folder, subject, out }: ReportOptions,
): Promise<ReportResult> {
  const source = recordPath(folder, subject);
  const found = await findText(source);
  const lock = await findLock(folder);
  if (found === undefined) {
    const isBuild = /^(sha256:)?[0-9a-f]{4,64}$/u.test(subject) && lock !== undefined;
    if (!isBuild) {
      throw new IgneousError("file-not-found", `there is no record of rollout ${subject} in ${folder}`, {
        hint: "name a build of the lock, or a rollout that this machine carried out; records are in .igneous/rollouts",
      });
    }
    const build = findBuild(lock, subject);
    const path = out ?? join(folder, ".igneous", "builds", shortDigest(build.id), "report.html");
    await writeAtomic(path, await renderBuildReport(context, folder, lock, build));
    return { path, subject: build.id, status: null };
  }
  const { plan, outcome } = parseRecord(source, found);
  const { buildId, previous, status } = outcome.rollout;
  const build = lock?.builds.find(({ id }) => id === buildId);
  const more =
    lock === undefined || build === undefined
      ? ""
      : await buildSections(context, folder, build, previous?.buildId);
  const path = out ?? source.replace(/\.json$/u, ".html");
  await writeAtomic(path, renderRolloutReport(plan, outcome, more));
  return { path, subject, status };
}
