import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import type { GroupState } from "./fleet-status-types.ts";
import { findVersionData } from "./launch-template-version.ts";
import { shortBuild } from "./rollout-target.ts";
import {
  groupKey,
  type KnownVersion,
  type LockedRollout,
  type RolloutBuild,
  type RolloutGroup,
  type RolloutPreferences,
  type RolloutTarget,
} from "./rollout-types.ts";

export interface RollbackRequest {
  readonly specName: string;
  readonly group: RolloutGroup;
  /** Id of a build of the lock, or its start. Without it, what ran before the newest rollout. */
  readonly to?: string;
  /** All builds of the lock, newest first. */
  readonly builds: readonly RolloutBuild[];
  /** The lock's rollouts, newest first. */
  readonly rollouts: readonly LockedRollout[];
  readonly preferences: RolloutPreferences;
}

export interface RollbackTarget {
  readonly target: RolloutTarget;
  /** The launch template version of that time, when it is still there; else a new one is made from the running one. */
  readonly version?: KnownVersion;
  readonly rollbackOf?: string;
  /** As the group was rolled: what keeps its instances keeps them on the way back too. */
  readonly strategy: "replace" | "replace-root";
  readonly why: string;
}

/** What a group without a refresh under way returns to. */
export async function rollbackTarget(
  aws: Aws,
  request: RollbackRequest,
  group: GroupState,
  isMixed: boolean,
): Promise<RollbackTarget> {
  const { to, builds } = request;
  const rollouts = request.rollouts.filter(
    ({ group: name, region }) => name === group.name && region === group.region,
  );
  const newest = rollouts.find(({ status }) => status === "succeeded");
  const strategy = rollouts[0]?.strategy === "replace-root" ? "replace-root" : "replace";
  if (to !== undefined) {
    const build = findBuild(builds, to);
    const past = rollouts.find(({ buildId, status }) => status === "succeeded" && buildId === build.id);
    const image = build.amis.find(({ region }) => region === group.region)?.amiId;
    const version = await sameVersion(aws, group, past?.launchTemplate.version, image);
    return {
      target: { kind: "build", build },
      ...(version === undefined ? {} : { version }),
      ...(newest === undefined ? {} : { rollbackOf: newest.id }),
      strategy,
      why: `to build ${shortBuild(build.id)}, as asked`,
    };
  }
  if (isMixed && group.template !== undefined) {
    const override = group.mixed?.overrides.find(({ imageId }) => imageId !== undefined)?.imageId;
    const amiId = override ?? group.template.data.ImageId ?? "";
    return {
      target: targetOf(builds, group.region, amiId, "the group's own settings"),
      version: { version: group.template.version, data: group.template.data },
      strategy,
      why: `instances of several versions run; to the group's own, version ${group.template.version}`,
    };
  }
  const hint = `name the build: igneous rollback --fleet ${groupKey(group)} --to BUILD`;
  if (newest?.previous === undefined) {
    throw new IgneousError(
      "rollback-unclear",
      `the lock records no rollout of ${group.name} that could be taken back`,
      {
        hint,
      },
    );
  }
  if (newest.rollbackOf !== undefined) {
    throw new IgneousError(
      "rollback-unclear",
      `the newest rollout of ${group.name}, ${newest.id}, is a rollback already; taking it back would bring ${newest.previous.amiId} again`,
      { hint },
    );
  }
  const { amiId } = newest.previous;
  const version = await sameVersion(aws, group, newest.previous.version, amiId);
  return {
    target: targetOf(builds, group.region, amiId, `rollback of ${newest.id}`),
    ...(version === undefined ? {} : { version }),
    rollbackOf: newest.id,
    strategy,
    why: `to what ran before rollout ${newest.id}: ${amiId}, version ${newest.previous.version}`,
  };
}

function findBuild(builds: readonly RolloutBuild[], to: string): RolloutBuild {
  const wanted = to.replace(/^sha256:/u, "");
  const found = builds.filter(({ id }) => id.slice(7).startsWith(wanted));
  const [build] = found;
  if (build !== undefined && found.length === 1) return build;
  const what = found.length === 0 ? "no build" : `${found.length} builds`;
  const known = builds.map(({ id }) => shortBuild(id)).join(", ");
  throw new IgneousError("build-unknown", `the lock has ${what} ${to}`, { hint: `name one of: ${known}` });
}

function targetOf(
  builds: readonly RolloutBuild[],
  region: string,
  amiId: string,
  reason: string,
): RolloutTarget {
  const build = builds.find(({ amis }) => amis.some((ami) => ami.amiId === amiId));
  return build === undefined ? { kind: "unlocked", amiId, region, reason } : { kind: "build", build };
}

/** A version of the group's template, if it is still there and still brings that image. */
async function sameVersion(
  aws: Aws,
  { template, region }: GroupState,
  version: number | undefined,
  amiId: string | undefined,
): Promise<KnownVersion | undefined> {
  if (template === undefined || version === undefined) return undefined;
  const data = await findVersionData(aws, region, template.id, String(version));
  return data === undefined || data.ImageId !== amiId ? undefined : { version, data };
}
