import { type Digest, shortDigest } from "../core/digest.ts";
import type { Lock } from "../lock/schema.ts";
import type { Commits } from "./bake.ts";
import type { Payload } from "./bake-payload.ts";
import type { BakePlan } from "./bake-plan.ts";
import type { BuildState } from "./build-folder.ts";

export interface CheckSummary {
  readonly passed: number;
  readonly boots: number;
  readonly seconds: number;
  /** Path of the whole report. */
  readonly report: string;
}

/** A finished build, as `bake` prints it. */
export interface BakeResult {
  readonly build: string;
  readonly id: Digest;
  readonly disk: { readonly path: string; readonly sha256: string; readonly size: number };
  readonly commits: Commits;
  readonly containers: readonly {
    readonly name: string;
    readonly reference: string;
    readonly manifestDigest: string;
  }[];
  readonly preloaded: readonly string[];
  /** Build that the image goes back to; null when it carries none. */
  readonly predecessor: string | null;
  readonly launchConfig: string;
  /** What the boot check saw; null when it was left out. */
  readonly check: CheckSummary | null;
  /** The lock names this build now, and did not, or less of it, before. */
  readonly lockChanged: boolean;
}

export function bakeResult(
  preloaded: readonly string[],
  lock: Lock,
  build: {
    readonly plan: BakePlan;
    readonly commits: Commits;
    readonly state: BuildState;
    readonly payload: Payload;
    readonly check: CheckSummary | null;
    readonly isNews: boolean;
  },
): BakeResult {
  const { plan, commits, state, payload } = build;
  const digests = new Map(lock.images.map(({ reference, manifestDigest }) => [reference, manifestDigest]));
  return {
    build: shortDigest(plan.id),
    id: plan.id,
    disk: { path: plan.folder.disk, sha256: state.disk.sha256, size: state.disk.size },
    commits,
    containers: payload.plan.containers.map(({ name, image }) => {
      return { name, reference: image, manifestDigest: digests.get(image) ?? "" };
    }),
    preloaded,
    predecessor: plan.predecessor === undefined ? null : shortDigest(plan.predecessor.id),
    launchConfig: plan.folder.launch,
    check: build.check,
    lockChanged: build.isNews,
  };
}
