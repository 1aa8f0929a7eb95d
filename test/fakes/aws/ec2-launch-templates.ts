import { createHash } from "node:crypto";
import type {
  CreateLaunchTemplateVersionRequest,
  DescribeLaunchTemplatesRequest,
  DescribeLaunchTemplateVersionsRequest,
  ModifyLaunchTemplateRequest,
  RequestLaunchTemplateData,
} from "@aws-sdk/client-ec2";
import { AwsError, type Call, type Handlers, page } from "./service.ts";
import type { LaunchTemplate, World } from "./world.ts";

export function launchTemplateHandlers(world: World): Handlers {
  return {
    DescribeLaunchTemplates: (input: DescribeLaunchTemplatesRequest, call) => templates(world, input, call),
    DescribeLaunchTemplateVersions: (input: DescribeLaunchTemplateVersionsRequest, call) =>
      versions(world, input, call),
    CreateLaunchTemplateVersion: (input: CreateLaunchTemplateVersionRequest, call) =>
      createVersion(world, input, call),
    ModifyLaunchTemplate: (input: ModifyLaunchTemplateRequest, call) => modify(world, input, call),
  };
}

interface Named {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
}

export function findTemplate(world: World, region: string, named: Named): LaunchTemplate {
  const template = world.launchTemplates.find(
    (entry) =>
      entry.region === region &&
      (named.LaunchTemplateId === undefined
        ? entry.name === named.LaunchTemplateName
        : entry.id === named.LaunchTemplateId),
  );
  if (template !== undefined) return template;
  if (named.LaunchTemplateId === undefined) {
    const text = `The specified launch template, with template name ${named.LaunchTemplateName}, does not exist.`;
    throw new AwsError("InvalidLaunchTemplateName.NotFoundException", text);
  }
  const text = `The specified launch template, with template ID ${named.LaunchTemplateId}, does not exist.`;
  throw new AwsError("InvalidLaunchTemplateId.NotFound", text);
}

export function findVersion(template: LaunchTemplate, version: string): LaunchTemplate["versions"][number] {
  const number =
    version === "$Latest"
      ? (template.versions.at(-1)?.number ?? 1)
      : version === "$Default"
        ? (template.defaultVersion ?? 1)
        : Number(version);
  const found = template.versions.find((entry) => entry.number === number);
  if (found !== undefined) return found;
  const text = `Could not find the specified version ${version} for the launch template with ID ${template.id}.`;
  throw new AwsError("InvalidLaunchTemplateId.VersionNotFound", text);
}

function templates(world: World, input: DescribeLaunchTemplatesRequest, call: Call): object {
  const wanted = input.LaunchTemplateIds;
  const found =
    wanted === undefined
      ? world.launchTemplates.filter(({ region }) => region === call.region)
      : wanted.map((id) => findTemplate(world, call.region, { LaunchTemplateId: id }));
  const { items, nextToken } = page(found, input.NextToken, input.MaxResults ?? 200);
  return {
    LaunchTemplates: items.map(describe),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function describe({ id, name, versions: all, defaultVersion }: LaunchTemplate): object {
  return {
    LaunchTemplateId: id,
    LaunchTemplateName: name,
    DefaultVersionNumber: defaultVersion ?? 1,
    LatestVersionNumber: all.at(-1)?.number ?? 1,
  };
}

function versions(world: World, input: DescribeLaunchTemplateVersionsRequest, call: Call): object {
  const template = findTemplate(world, call.region, input);
  const found =
    input.Versions === undefined
      ? template.versions
      : [...new Set(input.Versions.map((version) => findVersion(template, version)))];
  const { items, nextToken } = page(found, input.NextToken, input.MaxResults ?? 200);
  const resolved = (imageId: string): string => {
    const name = /^resolve:ssm:(.+)$/u.exec(imageId)?.[1];
    if (name === undefined || input.ResolveAlias !== true) return imageId;
    return world.parameters.get(`${call.account} ${call.region} ${name}`)?.versions.at(-1)?.value ?? imageId;
  };
  return {
    LaunchTemplateVersions: items.map((version) => {
      const shown = describeVersion(template, version);
      return {
        ...shown,
        LaunchTemplateData: { ...shown.LaunchTemplateData, ImageId: resolved(version.imageId) },
      };
    }),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
  };
}

function describeVersion(template: LaunchTemplate, version: LaunchTemplate["versions"][number]) {
  const data = version.data ?? { ImageId: version.imageId };
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    VersionNumber: version.number,
    DefaultVersion: version.number === (template.defaultVersion ?? 1),
    ...(version.description === undefined ? {} : { VersionDescription: version.description }),
    LaunchTemplateData: {
      ...data,
      ...(data.MetadataOptions === undefined
        ? {}
        : { MetadataOptions: { State: "applied", ...data.MetadataOptions } }),
    },
  };
}

const userDataLimit = 16_384;

/** A new version: what is given, over what the source version has. Members are replaced whole, not merged inside. */
function createVersion(world: World, input: CreateLaunchTemplateVersionRequest, call: Call): object {
  const template = findTemplate(world, call.region, input);
  const key = `${call.account} ${call.region} launch-template-version ${input.ClientToken}`;
  const request = createHash("sha256").update(JSON.stringify(input)).digest("hex");
  const known = input.ClientToken === undefined ? undefined : world.tokens.get(key);
  if (known !== undefined) {
    if (known.request !== request) {
      throw new AwsError("IdempotentParameterMismatch", "the client token was used with other parameters");
    }
    return { LaunchTemplateVersion: describeVersion(template, findVersion(template, known.id)) };
  }
  const source = input.SourceVersion === undefined ? undefined : findVersion(template, input.SourceVersion);
  const given = input.LaunchTemplateData ?? {};
  const userData = Buffer.from(given.UserData ?? "", "base64");
  if (userData.toString("base64") !== (given.UserData ?? "")) {
    throw new AwsError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.");
  }
  if (userData.length > userDataLimit) {
    throw new AwsError("InvalidUserData.Malformed", "User data is limited to 16384 bytes");
  }
  const data: RequestLaunchTemplateData = { ...source?.data, ...given };
  const version = {
    number: (template.versions.at(-1)?.number ?? 0) + 1,
    imageId: data.ImageId ?? source?.imageId ?? "",
    data,
    ...(input.VersionDescription === undefined ? {} : { description: input.VersionDescription }),
  };
  template.versions.push(version);
  if (input.ClientToken !== undefined) world.tokens.set(key, { request, id: String(version.number) });
  return { LaunchTemplateVersion: describeVersion(template, version) };
}

function modify(world: World, input: ModifyLaunchTemplateRequest, call: Call): object {
  const template = findTemplate(world, call.region, input);
  template.defaultVersion = findVersion(template, input.DefaultVersion ?? "1").number;
  return { LaunchTemplate: describe(template) };
}
