import { digestOf } from "../core/digest.ts";
import type { BootReport } from "../disk/boot-report.ts";
import { findText, readText } from "../host/files.ts";
import { type BuildFolder, type BuildState, writeBuildState } from "./build-folder.ts";

/** The report of the boot check that this very disk passed, when there is one. */
export async function findReport(
  folder: BuildFolder,
  state: Pick<BuildState, "report"> | undefined,
): Promise<BootReport | undefined> {
  const text = await findText(folder.report);
  return text !== undefined && state?.report === digestOf(text)
    ? (JSON.parse(text) as BootReport)
    : undefined;
}

/** Whether a disk was also booted as EC2 boots it. */
export function bootedOnEc2({ boots }: BootReport): boolean {
  return boots.some(({ boot }) => boot === "ec2");
}

/** Keeps with the disk that it passed, and as what. */
export async function rememberReport(
  folder: BuildFolder,
  state: BuildState,
  report: BootReport,
): Promise<BuildState> {
  const others = report.boots.some(({ boot }) => boot !== "ec2");
  return writeBuildState(folder, {
    ...state,
    report: digestOf(await readText(folder.report)),
    bootedAs: [...(others ? ["qemu" as const] : []), ...(bootedOnEc2(report) ? ["aws" as const] : [])],
  });
}
