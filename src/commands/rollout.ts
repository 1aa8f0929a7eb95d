import type { Aws } from "../aws/apis.ts";
import type { FleetState } from "../aws/fleet-status-types.ts";
import { applyRollout } from "../aws/rollout-apply.ts";
import { readForRollout } from "../aws/rollout-read.ts";
import type { RolloutOutcome } from "../aws/rollout-outcome.ts";
import { stagesOf } from "../aws/rollout-order.ts";
import { planRollout, refusePlan } from "../aws/rollout-plan.ts";
import { shortBuild } from "../aws/rollout-target.ts";
import type { RolloutPlan } from "../aws/rollout-plan-types.ts";
import { rolloutFailure } from "../aws/rollout-record.ts";
import {
  groupKey,
  type LockedRollout,
  type RolloutBuild,
  type RolloutGroup,
  type RolloutRequest,
  type RolloutSpec,
  type RolloutStrategy,
  type RolloutTarget,
} from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { saveOutcome } from "./rollout-records.ts";

export interface RolloutOptions {
  readonly specName: string;
  readonly rollout: RolloutSpec;
  /** The lock's builds, newest first. */
  readonly builds: readonly RolloutBuild[];
  /** A build's id or its start, or an AMI id; without it, the newest build that is published in every group's region. */
  readonly image?: string;
  /** Only these groups of the spec. */
  readonly groups?: readonly string[];
  readonly strategy?: RolloutStrategy;
  /** Why an AMI is taken that the lock does not name. */
  readonly allowUnlocked?: string;
  /** By groupKey. */
  readonly launchConfigs?: Readonly<Record<string, string>>;
  /** The lock's rollouts, newest first, and those that this machine began. */
  readonly rollouts?: readonly LockedRollout[];
}

/** A rollout that is planned and not begun. */
export interface PreparedRollout {
  readonly request: RolloutRequest;
  readonly state: FleetState;
  readonly plan: RolloutPlan;
}

/** Reads the groups and plans. Changes nothing; a plan with blockers comes back too, to be shown. */
export async function prepareRollout(
  context: Context,
  options: RolloutOptions,
  aws: Aws = openAws(context),
): Promise<PreparedRollout> {
  const groups = chosenGroups(options.rollout, options.groups);
  const strategy = options.strategy ?? options.rollout.strategy ?? "replace";
  if (strategy === "in-place") {
    throw new IgneousError(
      "usage",
      "a new AMI is never put into place; strategy in-place pulls a commit instead",
      {
        hint: "leave --ami away, or use --strategy replace",
      },
    );
  }
  const {
    groups: _groups,
    strategy: _strategy,
    parallelGroups,
    userDataStore,
    ostree: _ostree,
    ...preferences
  } = options.rollout;
  const request: RolloutRequest = {
    specName: options.specName,
    target: chosenTarget(options, groups),
    groups,
    strategy,
    preferences,
    builds: options.builds,
    ...(options.launchConfigs === undefined ? {} : { launchConfigs: options.launchConfigs }),
    ...(options.rollouts === undefined ? {} : { rollouts: options.rollouts }),
    ...(parallelGroups === undefined ? {} : { parallelGroups }),
    ...(userDataStore === undefined ? {} : { userDataStore }),
  };
  const state = await readForRollout(context, aws, request);
  return { request, state, plan: planRollout(state, request) };
}

export interface RolloutResult {
  readonly plan: RolloutPlan;
  readonly outcomes: readonly RolloutOutcome[];
  /** For the lock's `rollouts[]`, newest first; what goes on detached is not among them. */
  readonly rollouts: readonly LockedRollout[];
  /** Thrown by the caller once the lock is written. */
  readonly failure: IgneousError | undefined;
}

export interface RolloutRun {
  /** Project folder; what was seen is kept in `.igneous/rollouts`, for `igneous report`. */
  readonly folder: string;
  /** Digest of the plan that was reviewed. */
  readonly approved?: Digest;
  readonly detach?: boolean;
  /** Keeps what is over in the lock, as soon as it is. */
  readonly record?: (rollouts: readonly LockedRollout[]) => Promise<void>;
}

/** Carries a prepared rollout out. */
export async function rollout(
  context: Context,
  prepared: PreparedRollout,
  run: RolloutRun,
  aws: Aws = openAws(context),
): Promise<RolloutResult> {
  refusePlan(prepared.plan, run.approved);
  const outcomes = await applyRollout(context, aws, prepared, {
    detach: run.detach === true,
    onOutcome: async (outcome) => {
      await saveOutcome(run.folder, prepared.plan, outcome);
      await run.record?.(lockable([outcome]));
    },
  });
  return {
    plan: prepared.plan,
    outcomes,
    rollouts: lockable(outcomes),
    failure: rolloutFailure(outcomes),
  };
}

/** The rollouts that the lock keeps: those that are over and did something, newest first. */
export function lockable(outcomes: readonly RolloutOutcome[]): readonly LockedRollout[] {
  return outcomes
    .map((outcome) => outcome.rollout)
    .filter(({ status }) => status !== "in-progress" && status !== "unchanged")
    .toReversed();
}

/** The groups that are meant, by name or REGION/NAME; control planes first. */
export function chosenGroups(
  spec: RolloutSpec,
  names: readonly string[] | undefined,
): readonly RolloutGroup[] {
  if (spec.groups.length === 0) {
    throw new IgneousError("input-invalid", "the spec names no group", {
      hint: "add rollout.groups, each with name and region",
    });
  }
  const ordered = stagesOf(spec.groups, 1).flat();
  if (names === undefined || names.length === 0) return ordered;
  const isMeant = (group: RolloutGroup, name: string): boolean =>
    group.name === name || groupKey(group) === name;
  const unknown = names.find((name) => !ordered.some((group) => isMeant(group, name)));
  if (unknown === undefined) return ordered.filter((group) => names.some((name) => isMeant(group, name)));
  throw new IgneousError("usage", `the spec has no group '${unknown}'`, {
    hint: `name one of: ${spec.groups.map(({ name }) => name).join(", ")}`,
  });
}

function chosenTarget(options: RolloutOptions, groups: readonly RolloutGroup[]): RolloutTarget {
  const { image, builds, allowUnlocked } = options;
  const regions = [...new Set(groups.map(({ region }) => region))];
  if (image === undefined) {
    const newest = builds.find(({ amis }) =>
      regions.every((region) => amis.some((ami) => ami.region === region)),
    );
    if (newest !== undefined) return { kind: "build", build: newest };
    throw new IgneousError(
      "rollout-image-missing",
      `no build of the lock is published in ${regions.join(" and ")}`,
      {
        hint: "run: igneous publish",
      },
    );
  }
  const found = builds.filter(
    ({ id, amis }) =>
      amis.some(({ amiId }) => amiId === image) ||
      id.replace(/^sha256:/u, "").startsWith(image.replace(/^sha256:/u, "")),
  );
  const [build] = found;
  if (build !== undefined && found.length === 1) return { kind: "build", build };
  if (!image.startsWith("ami-")) {
    const known = builds.map(({ id }) => shortBuild(id)).join(", ");
    const many = found.length === 0 ? "no build" : `${found.length} builds`;
    throw new IgneousError("build-unknown", `the lock has ${many} ${image}`, {
      hint: `name one of: ${known}`,
    });
  }
  if (allowUnlocked === undefined || allowUnlocked.trim() === "") {
    throw new IgneousError("rollout-unlocked", `the lock does not name ${image}`, {
      hint: "publish a build and roll that out, or give the reason: --allow-unlocked --reason 'hot fix of …'",
    });
  }
  const [region = ""] = regions;
  if (regions.length === 1) return { kind: "unlocked", amiId: image, region, reason: allowUnlocked };
  throw new IgneousError(
    "usage",
    `${image} is in one region, and the groups are in ${regions.join(" and ")}`,
    {
      hint: "name groups of one region with --group",
    },
  );
}
