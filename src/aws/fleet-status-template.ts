import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { mapLimit } from "../core/parallel.ts";
import type { Aws } from "./apis.ts";
import type { Count } from "./fleet-status-describe.ts";
import { templateOf } from "./fleet-status-group.ts";
import type { GroupTemplate } from "./fleet-status-types.ts";
import { requestData } from "./launch-template.ts";

/** What groups with the same launch template and version have in common. */
export function templateKey(group: AutoScalingGroup): string {
  const named = templateOf(group);
  return `${named?.LaunchTemplateId} ${named?.Version ?? "$Default"}`;
}

/** The version that a group names and the newest one, for each template and version that is in use. */
export async function readTemplates(
  aws: Aws,
  region: string,
  groups: readonly AutoScalingGroup[],
  count: Count,
): Promise<ReadonlyMap<string, GroupTemplate>> {
  const ec2 = await aws.ec2(region);
  const keys = [
    ...new Set(groups.filter((group) => templateOf(group)?.LaunchTemplateId !== undefined).map(templateKey)),
  ];
  const read = await mapLimit(keys, 4, async (key) => {
    const [id = "", pinned = ""] = key.split(" ");
    count();
    const answer = await ec2.describeLaunchTemplateVersions({
      LaunchTemplateId: id,
      Versions: [...new Set([pinned, "$Latest", "$Default"])],
    });
    const versions = answer.LaunchTemplateVersions ?? [];
    const sorted = versions.toSorted((a, b) => (a.VersionNumber ?? 0) - (b.VersionNumber ?? 0));
    const latest = sorted.at(-1);
    const fallback = versions.find(({ DefaultVersion }) => DefaultVersion === true);
    const own =
      pinned === "$Latest"
        ? latest
        : pinned === "$Default"
          ? fallback
          : versions.find(({ VersionNumber }) => String(VersionNumber) === pinned);
    if (own === undefined || latest === undefined) throw new Error(`${id} has no version ${pinned}`);
    const template: GroupTemplate = {
      id,
      name: own.LaunchTemplateName ?? "",
      pinned,
      version: own.VersionNumber ?? 0,
      latest: latest.VersionNumber ?? 0,
      defaultVersion: fallback?.VersionNumber ?? 0,
      data: requestData(own.LaunchTemplateData ?? {}),
      latestData: requestData(latest.LaunchTemplateData ?? {}),
    };
    return [key, template] as const;
  });
  return new Map(read);
}
