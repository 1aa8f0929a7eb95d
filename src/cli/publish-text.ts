import type { PublishProjectResult } from "../commands/publish-project.ts";

/** The AMIs of a build, and the regions where it has none yet. */
export function renderPublishResult(result: PublishProjectResult): string {
  const amis = result.amis.map(({ region, amiId, snapshotId, encrypted, blocks }) => {
    const counts =
      blocks === undefined
        ? ""
        : `  blocks: ${blocks.total} total, ${blocks.nonZero} non-zero, ${blocks.changed} changed, ${blocks.sent} sent`;
    return `${region}  ${amiId}  ${snapshotId}${encrypted ? "  encrypted" : ""}${counts}`;
  });
  const next = result.failures.length === 0 ? [] : [`go on with: igneous publish ${result.build}`];
  return `${[`build ${result.build}`, ...amis, ...renderFailures(result.failures), ...next].join("\n")}\n`;
}

/** The regions that were not reached: why, and what to do about each. */
export function renderFailures(failures: PublishProjectResult["failures"]): readonly string[] {
  return failures.flatMap(({ region, code, message, hint }) => [
    `${region}  failed [${code}] ${message}`,
    ...(hint === undefined ? [] : [`  next: ${hint}`]),
  ]);
}
