import type { Instance as GroupInstance } from "@aws-sdk/client-auto-scaling";
import type { InstanceState } from "./fleet-status-types.ts";
import type { BriefInstance } from "./quick-answers.ts";

/** An instance of which EC2's page may still be to come. */
export type FoldedInstance = { -readonly [Key in keyof InstanceState]: InstanceState[Key] };

/**
 * What is kept of a member of a group, so that its page can go at once. Every field is there from the start, also those
 * that EC2 fills in: a field that is added later costs each of a fleet's instances a second object.
 */
export function foldMember(member: GroupInstance): FoldedInstance {
  const version = Number(member.LaunchTemplate?.Version);
  return {
    instanceId: member.InstanceId ?? "",
    instanceType: member.InstanceType ?? "",
    zone: member.AvailabilityZone ?? "",
    lifecycle: member.LifecycleState ?? "",
    healthy: member.HealthStatus === "Healthy",
    isProtected: member.ProtectedFromScaleIn === true,
    imageId: member.ImageId,
    templateVersion: Number.isNaN(version) ? undefined : version,
    launchedAt: undefined,
    address: undefined,
  };
}

/** Adds what only EC2 knows. The launch time orders a plan; nothing else asks for it. */
export function foldFacts(instance: FoldedInstance, seen: BriefInstance, brief: boolean): void {
  instance.imageId = seen.ImageId ?? instance.imageId;
  instance.address = seen.PrivateIpAddress;
  if (!brief) instance.launchedAt = seen.LaunchTime?.toISOString();
}
