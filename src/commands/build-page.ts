import { facts, list, page, table, text } from "../aws/report-html.ts";
import type { LockedRollout } from "../aws/rollout-types.ts";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import type { BootReport } from "../disk/boot-report.ts";
import { findText } from "../host/files.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import { buildChanges, findLockOf } from "./build-changes.ts";
import { buildFolder } from "./build-folder.ts";

/** What a page says about a build: its boots and checks, and what changed since the build before. */
export async function buildSections(
  context: Context,
  folder: string,
  build: LockedBuild,
  beforeId: string | undefined,
): Promise<string> {
  const parts = [await bootSection(folder, build)];
  if (beforeId === undefined || beforeId === build.id) return parts.join("\n");
  const [from, to] = [
    await findLockOf(context, folder, beforeId),
    await findLockOf(context, folder, build.id),
  ];
  const since = `since build ${beforeId.slice(7, 19)}`;
  if (from === undefined || to === undefined) {
    const hint =
      "not known: the lock of one of the builds is neither in .igneous/locks nor in git's history (commit images.lock.json after each bake)";
    return [...parts, list(`What changed ${since}`, [hint])].join("\n");
  }
  const { images, packages } = buildChanges(from, to);
  const rows = (changes: typeof images): readonly (readonly string[])[] =>
    changes.map((change) => [change.name, change.from ?? "not there", change.to ?? "not there"]);
  const heads = ["name", "before", "after"];
  if (images.length + packages.length === 0) {
    parts.push(list(`What changed ${since}`, ["the same images and packages"]));
  }
  parts.push(table(`Images that changed ${since}`, heads, rows(images)));
  parts.push(table(`Packages that changed ${since}`, heads, rows(packages)));
  return parts.join("\n");
}

async function bootSection(folder: string, build: LockedBuild): Promise<string> {
  const source = await findText(buildFolder(folder, build.id, undefined).report);
  if (source === undefined) return "";
  const { boots, checks, accelerator } = JSON.parse(source) as BootReport;
  const failed = checks.filter(({ passed }) => !passed);
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  return [
    table(
      `Boot check of the build (${accelerator}): ${checks.length - failed.length} of ${checks.length} checks passed`,
      ["boot", "to login", "to running", "commit"],
      boots.map(({ boot, login, running, commit }) => [
        boot,
        seconds(login),
        seconds(running),
        commit.slice(0, 12),
      ]),
    ),
    table(
      "Slowest checks",
      ["check", "boot", "took", "result"],
      checks
        .toSorted((a, b) => Number(a.passed) - Number(b.passed) || b.seconds - a.seconds)
        .slice(0, 8)
        .map(({ name, boot, seconds: took, passed }) => [
          name,
          boot,
          seconds(took),
          passed ? "passed" : "failed",
        ]),
    ),
  ].join("\n");
}

/** One page about a build: what it is, its boots, what changed, and where it was rolled out. */
export async function renderBuildReport(
  context: Context,
  folder: string,
  lock: Lock,
  build: LockedBuild,
): Promise<string> {
  const short = shortDigest(build.id);
  const older = lock.builds[lock.builds.findIndex(({ id }) => id === build.id) + 1];
  const rollouts: readonly LockedRollout[] = (lock.rollouts ?? []).filter(
    ({ buildId }) => buildId === build.id,
  );
  return page(
    `build ${short}`,
    `<p class="kicker">${text(lock.name)}</p><h1>build ${text(short)}</h1>
${facts([
  ["made", build.createdAt],
  [
    "git",
    build.git === undefined
      ? undefined
      : `${build.git.tag ?? build.git.revision.slice(0, 12)}${build.git.dirty ? ", with changes" : ""}`,
  ],
  ["host commit", build.hostCommit],
  ["disk", build.disk === undefined ? undefined : `sha256 ${build.disk.sha256}`],
])}
${table(
  "Published",
  ["region", "AMI"],
  (build.amis ?? []).map(({ region, amiId }) => [region, amiId]),
)}
${table(
  "Rolled out",
  ["group", "region", "when", "how it ended"],
  rollouts.map(({ group, region, startedAt, status }) => [group, region, startedAt.slice(0, 16), status]),
)}
${await buildSections(context, folder, build, older?.id)}`,
  );
}
