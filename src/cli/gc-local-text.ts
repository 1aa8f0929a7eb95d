import type { LocalGcResult } from "../commands/gc-local.ts";
import type { LocalPlan, Verdict } from "../commands/local-builds.ts";
import { formatBytes } from "../core/units.ts";

/** What `gc --local` would keep and remove, one line a build. */
export function renderLocalPlan({ keep, remove }: LocalPlan): string {
  const line = (sign: string, { build, bytes, why }: Verdict): string =>
    `${sign} ${build.padEnd(12)}  ${formatBytes(bytes).padStart(9)}  ${why}`;
  return [...keep.map((item) => line("=", item)), ...remove.map((item) => line("-", item))].join("\n");
}

export function renderLocalResult({ removed, bytes }: LocalGcResult): string {
  return `${removed.length} removed, ${formatBytes(bytes)} free again\n`;
}
