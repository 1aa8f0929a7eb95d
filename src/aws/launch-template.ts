import type {
  RequestLaunchTemplateData,
  ResponseLaunchTemplateData,
  TagSpecification,
} from "@aws-sdk/client-ec2";
import { digestOf } from "../core/digest.ts";
import type { Json } from "../core/json.ts";

/** A field of a launch template that differs, by its path; user data is shown as digest and size. */
export interface FieldDifference {
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** The data of a version as a request may hold it: everything but what only answers have. */
export function requestData(data: ResponseLaunchTemplateData): RequestLaunchTemplateData {
  const { MetadataOptions, NetworkInterfaces, Operator, ...rest } = data;
  const { State: _state, ...metadata } = MetadataOptions ?? {};
  const own = {
    ...rest,
    ...(MetadataOptions === undefined ? {} : { MetadataOptions: metadata }),
    ...(Operator?.Principal === undefined ? {} : { Operator: { Principal: Operator.Principal } }),
    ...(NetworkInterfaces === undefined
      ? {}
      : {
          NetworkInterfaces: NetworkInterfaces.map(({ Ipv6Addresses, ...face }) => ({
            ...face,
            ...(Ipv6Addresses === undefined
              ? {}
              : { Ipv6Addresses: Ipv6Addresses.map(({ Ipv6Address }) => ({ Ipv6Address })) }),
          })),
        }),
  };
  // What is required in a request is merely optional in an answer's type; AWS gave it, so it is there.
  return own as RequestLaunchTemplateData;
}

interface Change {
  readonly imageId: string;
  /** Base64, as templates hold it. */
  readonly userData?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The next version: all that the running one has, with the image, launch config, IMDSv2 and tags of the build. */
export function nextData(running: RequestLaunchTemplateData, change: Change): RequestLaunchTemplateData {
  return {
    ...running,
    ImageId: change.imageId,
    ...(change.userData === undefined ? {} : { UserData: change.userData }),
    MetadataOptions: { ...running.MetadataOptions, HttpTokens: "required" },
    TagSpecifications: ["instance", "volume"].reduce<readonly TagSpecification[]>(
      (all, type) => withTags(all, type, change.tags),
      running.TagSpecifications ?? [],
    ) as TagSpecification[],
  };
}

function withTags(
  all: readonly TagSpecification[],
  type: string,
  tags: Readonly<Record<string, string>>,
): readonly TagSpecification[] {
  const known = all.find(({ ResourceType }) => ResourceType === type);
  const kept = (known?.Tags ?? []).filter(({ Key }) => Key === undefined || tags[Key] === undefined);
  const merged = {
    ResourceType: type,
    Tags: [...kept, ...Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))],
  } as TagSpecification;
  return known === undefined ? [...all, merged] : all.map((entry) => (entry === known ? merged : entry));
}

/** What differs between two versions, field by field. */
export function templateDifferences(
  from: RequestLaunchTemplateData,
  to: RequestLaunchTemplateData,
): readonly FieldDifference[] {
  const before = flatten(from);
  const after = flatten(to);
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((field) => ({ field, from: before.get(field) ?? null, to: after.get(field) ?? null }))
    .filter((difference) => difference.from !== difference.to);
}

/** Whether two versions say the same. */
export function isSameData(a: RequestLaunchTemplateData, b: RequestLaunchTemplateData): boolean {
  return templateDifferences(a, b).length === 0;
}

/** A template's data as JSON, for digests. */
export function templateJson(data: RequestLaunchTemplateData): Json {
  return Object.fromEntries(flatten(data));
}

function flatten(data: RequestLaunchTemplateData): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (value: unknown, path: string): void => {
    if (value === undefined || value === null) return;
    if (path === "UserData" && typeof value === "string") {
      found.set(path, describeUserData(value));
    } else if (isTags(value)) {
      for (const { Key, Value } of value) found.set(`${path}.${Key}`, Value ?? "");
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, `${path}[${nameOf(item) ?? index}]`);
    } else if (typeof value === "object") {
      for (const [key, item] of Object.entries(value)) visit(item, path === "" ? key : `${path}.${key}`);
    } else {
      found.set(path, String(value));
    }
  };
  visit(data, "");
  return found;
}

/** What a list's item is known by, so that a changed order of tags or disks is no difference. */
function nameOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const { ResourceType, DeviceName } = item as Readonly<Record<string, unknown>>;
  return [ResourceType, DeviceName].find((name): name is string => typeof name === "string");
}

function isTags(value: unknown): value is readonly { readonly Key: string; readonly Value?: string }[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === "object" && item !== null && "Key" in item)
  );
}

function describeUserData(base64: string): string {
  const bytes = Buffer.from(base64, "base64");
  return `${digestOf(bytes).slice(0, 19)}… (${bytes.length} bytes)`;
}
