import type { PackerBakeResult } from "../commands/bake-packer.ts";
import { formatBytes, formatDuration } from "../core/units.ts";
import type { Paint } from "./paint.ts";

/** The summary of a bake by Packer. */
export function renderPackerResult(result: PackerBakeResult, paint: Paint): string {
  const { build, id, payloadCommit, hostCommit, outputs, disk, check, log } = result;
  const lines = [
    `${paint.bold("build")}      ${build}  (${id})`,
    `${paint.bold("commits")}    host ${hostCommit}`,
    `           payload ${payloadCommit}`,
    `${paint.bold("packer")}     ${outputs.packer}, its log: ${log}`,
    ...(outputs.disk === undefined || disk === null
      ? []
      : [
          `${paint.bold("disk")}       ${disk}`,
          `           ${formatBytes(outputs.disk.size)}, sha256 ${outputs.disk.sha256}`,
        ]),
    ...(outputs.amis ?? []).map(({ region, amiId }) => `${paint.bold("AMI")}        ${amiId} in ${region}`),
    ...(check === null
      ? []
      : [
          `${paint.bold("boot check")} ${check.passed} checks passed in ${check.boots} boots, ${formatDuration(check.seconds * 1000)}: ${check.report}`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}
