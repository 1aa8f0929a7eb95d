import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import { digestHex, digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { isSameData, requestData, templateJson } from "./launch-template.ts";

interface NewVersion {
  readonly region: string;
  readonly templateId: string;
  /** The running version: what the data does not name, AWS takes from it. */
  readonly from: number;
  readonly description: string;
  readonly data: RequestLaunchTemplateData;
}

/** Makes a launch template version, or finds the one that an earlier try made. Never touches the default version. */
export async function createVersion(aws: Aws, version: NewVersion): Promise<number> {
  const { region, templateId, from, description, data } = version;
  const ec2 = await aws.ec2(region);
  const { LaunchTemplateVersion: made } = await ec2.createLaunchTemplateVersion({
    LaunchTemplateId: templateId,
    SourceVersion: String(from),
    VersionDescription: description,
    LaunchTemplateData: data,
    ClientToken: digestHex(digestOf(canonicalJson({ templateId, from, data: templateJson(data) }))),
  });
  const number = made?.VersionNumber;
  if (number === undefined || !isSameData(requestData(made?.LaunchTemplateData ?? {}), data)) {
    throw new IgneousError(
      "aws-failed",
      `version ${number ?? "?"} of ${templateId} in ${region} is not what was asked for`,
      { hint: "no instance was touched; compare the version with 'igneous rollout --ami --plan'" },
    );
  }
  return number;
}

/** The data of one version, or undefined when it is deleted. */
export async function findVersionData(
  aws: Aws,
  region: string,
  templateId: string,
  version: string,
): Promise<RequestLaunchTemplateData | undefined> {
  const ec2 = await aws.ec2(region);
  try {
    const { LaunchTemplateVersions } = await ec2.describeLaunchTemplateVersions({
      LaunchTemplateId: templateId,
      Versions: [version],
    });
    const data = LaunchTemplateVersions?.[0]?.LaunchTemplateData;
    return data === undefined ? undefined : requestData(data);
  } catch (error) {
    if (/^InvalidLaunchTemplate(Id|Name)\./u.test(awsErrorCode(error))) return undefined;
    throw error;
  }
}

/** Makes a version the default, so that whoever launches by hand gets what the group runs. */
export async function setDefaultVersion(
  aws: Aws,
  region: string,
  templateId: string,
  version: number,
): Promise<void> {
  const ec2 = await aws.ec2(region);
  await ec2.modifyLaunchTemplate({ LaunchTemplateId: templateId, DefaultVersion: String(version) });
}
