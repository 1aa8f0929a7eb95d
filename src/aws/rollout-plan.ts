import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import { digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { FleetState, GroupState, GroupTemplate, InstanceState } from "./fleet-status-types.ts";
import { isSameData, nextData, templateDifferences, templateJson } from "./launch-template.ts";
import { planUserData, type UserData } from "./launch-template-user-data.ts";
import { tagNames } from "./publish-types.ts";
import { groupPreferences, planCapacity } from "./rollout-capacity.ts";
import type {
  GroupPlan,
  GroupPreferences,
  InstancePlan,
  RolloutPlan,
  WayBack,
} from "./rollout-plan-types.ts";
import { groupProblems } from "./rollout-problems.ts";
import { rollsOwnRoots } from "./rollout-root-waves.ts";
import {
  groupKey,
  type RolloutBuild,
  type RolloutGroup,
  type RolloutRequest,
  type RolloutTarget,
} from "./rollout-types.ts";

/** Works out a rollout from what AWS says and what is wanted. Calls nothing and changes nothing. */
export function planRollout(state: FleetState, request: RolloutRequest): RolloutPlan {
  refuseUnreadable(state);
  const planned = request.groups.map((group) => {
    const known = stateOf(state, group);
    const plan = planGroup(state, known, group, request);
    return { plan, problems: groupProblems(state, known, plan, request.strategy) };
  });
  const groups = planned.map(({ plan }) => plan);
  const { target, strategy, specName } = request;
  const intent = {
    specName,
    buildId: target.kind === "build" ? target.build.id : null,
    unlockedReason: target.kind === "unlocked" ? target.reason : null,
    strategy,
    groups: request.groups.map((group, index) => {
      const { name, region, amiId, template, preferences, wayBack } = groups[index] as GroupPlan;
      const data = templateJson(wantedData(stateOf(state, group), request));
      const { id, from } = template;
      return { name, region, amiId, template: { id, from }, data, preferences, wayBack };
    }),
  };
  return {
    digest: digestOf(canonicalJson(intent as unknown as Json)),
    specName,
    buildId: intent.buildId,
    unlockedReason: intent.unlockedReason,
    strategy,
    groups,
    blockers: planned.flatMap(({ problems }) => problems.blockers),
    cautions: planned.flatMap(({ problems }) => problems.cautions),
    cannotBeUndone: cannotBeUndone(request, groups),
  };
}

function refuseUnreadable({ failures, missing }: FleetState): void {
  const failed = failures[0];
  if (failed !== undefined) {
    throw new IgneousError("aws-failed", `${failed.region} could not be read: ${failed.message}`, {
      hint: "nothing was changed; run the same command again",
    });
  }
  const gone = missing.map(({ name, region }) => `${name} in ${region}`).join(", ");
  if (gone !== "") {
    throw new IgneousError("rollout-group-missing", `there is no Auto Scaling group ${gone}`, {
      hint: "correct rollout.groups in the spec, or --group",
    });
  }
}

function stateOf(state: FleetState, { name, region }: RolloutGroup): GroupState {
  const found = state.groups.find((group) => group.name === name && group.region === region);
  if (found === undefined) throw new Error(`no state of ${name}`);
  return found;
}

/** The AMI of the target in a region. */
export function targetImage(target: RolloutTarget, region: string): string {
  if (target.kind === "unlocked" && target.region === region) return target.amiId;
  const found = target.kind === "build" ? target.build.amis.find((ami) => ami.region === region) : undefined;
  if (found !== undefined) return found.amiId;
  const what = target.kind === "build" ? `build ${shortBuild(target.build.id)}` : target.amiId;
  throw new IgneousError("rollout-image-missing", `${what} has no AMI in ${region}`, {
    hint: `add ${region} to publish.regions and run: igneous publish`,
  });
}

export function shortBuild(id: string): string {
  return id.replace(/^sha256:/u, "").slice(0, 12);
}

/** The build that an AMI belongs to. */
export function buildOfImage(builds: readonly RolloutBuild[], amiId: string | undefined): string | null {
  return builds.find(({ amis }) => amis.some((ami) => ami.amiId === amiId))?.id ?? null;
}

/** The launch template data that instances of the rollout are made from. */
export function wantedData(group: GroupState, request: RolloutRequest): RequestLaunchTemplateData {
  const known = request.templateVersions?.[groupKey(group)];
  if (known !== undefined) return known.data;
  const { target } = request;
  const userData = wantedUserData(group, request);
  return nextData(group.template?.data ?? {}, {
    imageId: targetImage(target, group.region),
    ...(userData === undefined ? {} : { userData: userData.base64 }),
    tags: {
      [tagNames.spec]: request.specName,
      [tagNames.build]: target.kind === "build" ? target.build.id : `unlocked ${target.amiId}`,
    },
  });
}

/** What machines of a group read on their first boot; undefined where they keep what they have. */
export function wantedUserData(group: GroupState, request: RolloutRequest): UserData | undefined {
  const config = request.launchConfigs?.[groupKey(group)];
  return config === undefined ? undefined : planUserData(config, request.userDataStore);
}

function planGroup(
  state: FleetState,
  group: GroupState,
  wanted: RolloutGroup,
  request: RolloutRequest,
): GroupPlan {
  const amiId = targetImage(request.target, group.region);
  const preferences = groupPreferences(request.preferences, group, wanted.role, request.strategy);
  const template = planTemplate(group, request);
  const ownRoots = rollsOwnRoots(group, request.strategy);
  const instances = group.instances
    .toSorted(replacedFirst(amiId))
    .map((instance) =>
      planInstance(instance, amiId, template.to, template.action, preferences, request, ownRoots),
    );
  const count = instances.filter(({ action }) => action === "replace" || action === "wait").length;
  return {
    name: group.name,
    region: group.region,
    role: wanted.role ?? null,
    amiId,
    template,
    instances,
    preferences,
    capacity: planCapacity(group.desiredCapacity, count, preferences),
    wayBack: wayBack(state, group, request),
  };
}

const noTemplate: GroupTemplate = {
  id: "",
  name: "",
  pinned: "",
  version: 0,
  latest: 0,
  defaultVersion: 0,
  data: {},
  latestData: {},
};

function planTemplate(group: GroupState, request: RolloutRequest): GroupPlan["template"] {
  const { id, name, version, latest, data, latestData } = group.template ?? noTemplate;
  const next = wantedData(group, request);
  const given = request.templateVersions?.[groupKey(group)];
  const differences = templateDifferences(data, next);
  if (given !== undefined)
    return { id, name, from: version, to: given.version, action: "reuse", differences };
  if (isSameData(data, next)) return { id, name, from: version, to: version, action: "reuse", differences };
  if (isSameData(latestData, next))
    return { id, name, from: version, to: latest, action: "reuse", differences };
  return { id, name, from: version, to: latest + 1, action: "create", differences };
}

/** AWS takes instances of an older configuration first; among equals the oldest is the best guess. */
function replacedFirst(amiId: string): (a: InstanceState, b: InstanceState) => number {
  return (a, b) =>
    Number(a.imageId === amiId) - Number(b.imageId === amiId) ||
    (a.templateVersion ?? 0) - (b.templateVersion ?? 0) ||
    (a.launchedAt ?? "").localeCompare(b.launchedAt ?? "") ||
    a.instanceId.localeCompare(b.instanceId);
}

function planInstance(
  instance: InstanceState,
  amiId: string,
  version: number,
  action: "create" | "reuse",
  preferences: GroupPreferences,
  { builds }: RolloutRequest,
  ownRoots: boolean,
): InstancePlan {
  // What keeps its instance keeps the version that the instance was launched with.
  const matches = ownRoots
    ? instance.imageId === amiId && instance.lifecycle === "InService"
    : action === "reuse" && instance.imageId === amiId && instance.templateVersion === version;
  const held = ownRoots
    ? undefined
    : instance.isProtected
      ? preferences.scaleInProtected
      : instance.lifecycle === "Standby"
        ? preferences.standby
        : undefined;
  return {
    instanceId: instance.instanceId,
    zone: instance.zone,
    instanceType: instance.instanceType,
    state: instance.healthy ? instance.lifecycle : `${instance.lifecycle}, unhealthy`,
    imageId: instance.imageId ?? null,
    buildId: buildOfImage(builds, instance.imageId),
    templateVersion: instance.templateVersion ?? null,
    action: matches ? "keep" : held === "Wait" ? "wait" : held === "Ignore" ? "ignore" : "replace",
  };
}

function wayBack(state: FleetState, group: GroupState, { builds }: RolloutRequest): WayBack {
  const { version, data } = group.template ?? noTemplate;
  // An AMI of the mixed instances policy wins over the template's.
  const amiId =
    group.mixed?.overrides.find(({ imageId }) => imageId !== undefined)?.imageId ?? data.ImageId ?? null;
  const image = state.images.find(({ imageId, region }) => imageId === amiId && region === group.region);
  const why =
    amiId === null
      ? "the running launch template version names no AMI"
      : amiId.startsWith("resolve:ssm:")
        ? `the running launch template version takes its AMI from ${amiId}, which AWS does not roll back to`
        : image === undefined
          ? `AMI ${amiId} of the running version is gone`
          : image.state !== "available"
            ? `AMI ${amiId} of the running version is ${image.state}`
            : null;
  return { version, amiId, buildId: buildOfImage(builds, amiId ?? undefined), possible: why === null, why };
}

function cannotBeUndone(request: RolloutRequest, groups: readonly GroupPlan[]): readonly string[] {
  const replaced = groups.flatMap(({ instances }) => instances.filter(({ action }) => action === "replace"));
  if (replaced.length === 0) return [];
  const count = `${replaced.length} ${replaced.length === 1 ? "instance" : "instances"}`;
  switch (request.strategy) {
    case "replace":
      return [
        `${count} will be terminated: instance ids, addresses, instance stores and volumes that are deleted on termination are lost`,
      ];
    case "replace-root":
      return [`the root volumes of ${count} will be deleted; each instance reboots`];
    case "in-place":
      return [`${count} will reboot`];
  }
}
