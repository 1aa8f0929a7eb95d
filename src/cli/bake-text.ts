import type { BakeResult } from "../commands/bake-result.ts";
import { formatBytes, formatDuration } from "../core/units.ts";
import type { Paint } from "./paint.ts";
import type { EndedStep } from "./run-command.ts";

/** The summary of a bake: what was made, what is inside, what the boot check saw, and what to do with it. */
export function renderBakeResult(result: BakeResult, steps: readonly EndedStep[], paint: Paint): string {
  const { build, disk, commits, containers, preloaded, predecessor, check, lockChanged } = result;
  const width = Math.max(...containers.map(({ name }) => name.length), 0);
  const lines = [
    `${paint.bold("build")}      ${build}  (${result.id})`,
    `${paint.bold("disk")}       ${disk.path}`,
    `           ${formatBytes(disk.size)}, sha256 ${disk.sha256}`,
    `${paint.bold("commits")}    host ${commits.host}`,
    `           payload ${commits.payload}`,
    `           base ${commits.base}`,
    `${paint.bold("inside")}`,
    ...containers.map(({ name, manifestDigest }) => `  ${name.padEnd(width)}  ${manifestDigest}`),
    ...preloaded.map((name) => `  preloaded for pods: ${name}`),
    ...checkLines(check, paint),
    `${paint.bold("boot it")}    igneous boot ${build}`,
    `${paint.bold("go back")}    ${predecessor === null ? "nothing yet: the next build carries this one" : `igneous rollback --host ssh://core@HOST --reboot   (to build ${predecessor})`}`,
    ...(lockChanged ? [`${paint.bold("commit")}     images.lock.json: it names this build now`] : []),
  ];
  return `${lines.join("\n")}\n${timeTable(steps, paint)}`;
}

function checkLines(check: BakeResult["check"], paint: Paint): readonly string[] {
  if (check === null) return [`${paint.bold("boot check")} left out (--no-boot-test)`];
  const { passed, boots, seconds, report } = check;
  return [
    `${paint.bold("boot check")} ${passed} checks passed in ${boots} boots, ${formatDuration(seconds * 1000)}: ${report}`,
  ];
}

/** Where the time of a bake went: the steps that took any, longest first. */
function timeTable(steps: readonly EndedStep[], paint: Paint): string {
  const long = steps
    .filter(({ durationMs }) => durationMs >= 500)
    .sort((a, b) => b.durationMs - a.durationMs);
  if (long.length === 0) return "";
  const row = (ms: number, name: string): string => `  ${formatDuration(ms).padStart(12)}  ${name}`;
  const rows = long.map(({ title, durationMs }) => row(durationMs, title));
  const total = steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return `${paint.bold("where the time went")}\n${rows.join("\n")}\n${row(total, "all steps")}\n`;
}
