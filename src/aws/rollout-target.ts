import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import { IgneousError } from "../core/errors.ts";
import type { GroupState } from "./fleet-status-types.ts";
import { type UserData, planUserData } from "./launch-template-user-data.ts";
import { nextData } from "./launch-template.ts";
import { tagNames } from "./publish-types.ts";
import { type RolloutBuild, type RolloutRequest, type RolloutTarget, groupKey } from "./rollout-types.ts";

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
