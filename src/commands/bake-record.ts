import type { Context } from "../core/context.ts";
import { type Sha256Hex, shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { now } from "../host/clock.ts";
import { writeLock } from "../lock/file.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";
import type { Commits } from "./bake.ts";
import type { BakePlan } from "./bake-plan.ts";
import type { BuildState } from "./build-folder.ts";
import { keepLock } from "./build-changes.ts";
import { findGitRevision } from "./git-revision.ts";
import type { Project } from "./project.ts";

/**
 * Adds a finished build to the lock, newest first, and tells whether that changed it. A build that is recorded already only
 * gains a disk and a report that it lacked.
 */
export function recordBuild(
  context: Context,
  project: Project,
  lock: Lock,
  build: { readonly plan: BakePlan; readonly commits: Commits; readonly state: BuildState },
): Promise<boolean> {
  const { plan, state } = build;
  return runStep(context, "record", "record the build in images.lock.json", async () => {
    const record =
      plan.recorded === undefined ? await newRecord(context, project, lock, build) : plan.recorded;
    const others = lock.builds.filter(({ id }) => id !== plan.id);
    const at = lock.builds.findIndex(({ id }) => id === plan.id);
    const builds = others.toSpliced(Math.max(at, 0), 0, {
      ...record,
      ...(record.disk === undefined ? diskOf(lock, state) : {}),
      ...checked(record, state),
      ...(plan.builder === "direct" ? { builder: "direct" } : {}),
    });
    const value = await writeLock(project.folder, { ...lock, builds });
    if (value) await keepLock(project.folder, plan.id);
    return { value, outcome: value ? "done" : "unchanged" };
  });
}

/** A report says when and how long, so that of an earlier run stays; unless the disk was booted as something more. */
export function checked(
  { report, bootedAs = [] }: Pick<LockedBuild, "report" | "bootedAs">,
  state: Pick<BuildState, "report" | "bootedAs">,
): Pick<LockedBuild, "report" | "bootedAs"> {
  const now = state.bootedAs ?? [];
  if (state.report === null || (report !== undefined && now.every((platform) => bootedAs.includes(platform))))
    return {};
  return { report: state.report, bootedAs: [...now] };
}

async function newRecord(
  context: Context,
  project: Project,
  lock: Lock,
  build: { readonly plan: BakePlan; readonly commits: Commits; readonly state: BuildState },
): Promise<LockedBuild> {
  const { plan, commits, state } = build;
  const git = await findGitRevision(context, project.folder);
  const { predecessor } = plan;
  return {
    id: plan.id,
    builder: plan.builder,
    ...(predecessor === undefined ? {} : { predecessor: predecessor.id }),
    payloadCommit: hex(commits.payload),
    baseCommit: hex(commits.base),
    hostCommit: hex(commits.host),
    ...diskOf(lock, state),
    ...(git === undefined ? {} : { git }),
    createdAt: now().toISOString(),
  };
}

/** What a build that only AWS has made so far gains when its disk is made here too. */
function diskOf(lock: Lock, { disk }: BuildState): Pick<LockedBuild, "disk" | "tools"> {
  const version = (name: string): string => lock.base.tools.find((tool) => tool.name === name)?.version ?? "";
  return {
    disk: { sha256: hex(disk.sha256), size: disk.size },
    tools: { e2fsprogs: version("e2fsprogs"), ostree: version("ostree") },
  };
}

function hex(text: string): Sha256Hex {
  return text as Sha256Hex;
}

/** A build that the lock has already must come out as it was recorded: equal ids mean equal bytes. */
export function requireRecorded({ id, recorded }: BakePlan, commits: Commits): void {
  if (recorded === undefined) return;
  const pairs = [
    ["payload commit", recorded.payloadCommit, commits.payload],
    ["base commit", recorded.baseCommit, commits.base],
    ["host commit", recorded.hostCommit, commits.host],
  ] as const;
  for (const [what, wanted, made] of pairs)
    if (String(wanted) !== made) throw differs(id, what, wanted, made);
}

/** An output of a build that is not the one that its record names. */
export function differs(id: BakePlan["id"], what: string, wanted: string, made: string): IgneousError {
  const message = `the ${what} of build ${shortDigest(id)} is ${made}; the lock records ${wanted}`;
  return new IgneousError("build-differs", message, {
    hint: "bake with the igneous that baked it first, or change the spec for a build of its own",
  });
}
