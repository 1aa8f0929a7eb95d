import { renderRolloutReport } from "../aws/rollout-report.ts";
import { IgneousError } from "../core/errors.ts";
import { findText, writeAtomic } from "../host/files.ts";
import { parseRecord, recordPath } from "./rollout-records.ts";

interface ReportOptions {
  readonly folder: string;
  /** Id of a rollout that this machine carried out or followed. */
  readonly rollout: string;
  /** Where the page goes; beside the record when not given. */
  readonly out?: string;
}

interface ReportResult {
  readonly path: string;
  readonly rollout: string;
  readonly status: string;
}

/** Writes one self-contained HTML page about a rollout. */
export async function report({ folder, rollout, out }: ReportOptions): Promise<ReportResult> {
  const source = recordPath(folder, rollout);
  const text = await findText(source);
  if (text === undefined) {
    throw new IgneousError("file-not-found", `there is no record of rollout ${rollout} in ${folder}`, {
      hint: "name a rollout of the lock that this machine carried out; records are in .igneous/rollouts",
    });
  }
  const record = parseRecord(source, text);
  const path = out ?? source.replace(/\.json$/u, ".html");
  await writeAtomic(path, renderRolloutReport(record.plan, record.outcome));
  return { path, rollout, status: record.outcome.rollout.status };
}
