import type { FleetState, GroupState, GroupTemplate, InstanceState } from "./fleet-status-types.ts";
import { isSameData, templateDifferences } from "./launch-template.ts";
import { groupPreferences, planCapacity } from "./rollout-capacity.ts";
import type { GroupPlan, GroupPreferences, InstancePlan, WayBack } from "./rollout-plan-types.ts";
import { rollsOwnRoots } from "./rollout-root-waves.ts";
import { buildOfImage, targetImage, wantedData } from "./rollout-target.ts";
import { type RolloutGroup, type RolloutRequest, groupKey } from "./rollout-types.ts";

/** What a request means for one group. Pure. */
export function planGroup(
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
