import type { DesiredConfiguration } from "@aws-sdk/client-auto-scaling";
import { findTemplate, findVersion } from "./ec2-launch-templates.ts";
import type { FleetGroup, Member } from "./fleet.ts";
import type { World } from "./world.ts";

/** What new instances of a group are made from. */
export interface Config {
  readonly templateId: string;
  readonly version: string;
  readonly imageFor: (instanceType: string) => string;
  readonly types: readonly string[];
}

/** The configuration that a refresh asks for, or the one that the group has. Errors as AWS gives them for what does not exist. */
export function configOf(world: World, group: FleetGroup, desired?: DesiredConfiguration): Config {
  const mixed = desired?.MixedInstancesPolicy ?? (desired === undefined ? group.mixed : undefined);
  const named = mixed?.LaunchTemplate?.LaunchTemplateSpecification ??
    desired?.LaunchTemplate ?? { LaunchTemplateId: group.template.id, Version: group.template.version };
  const template = findTemplate(world, group.region, named);
  const version = findVersion(template, named.Version ?? "$Default");
  const overrides = mixed?.LaunchTemplate?.Overrides ?? [];
  return {
    templateId: template.id,
    version: String(version.number),
    imageFor: (type) =>
      overrides.find(({ InstanceType }) => InstanceType === type)?.ImageId ?? version.imageId,
    types: overrides
      .map(({ InstanceType }) => InstanceType ?? "")
      .concat(overrides.length === 0 ? [version.data?.InstanceType ?? "m7i.large"] : []),
  };
}

export function matches(member: Member, config: Config): boolean {
  return member.templateVersion === config.version && member.imageId === config.imageFor(member.instanceType);
}
