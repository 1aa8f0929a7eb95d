import type { Filter } from "@aws-sdk/client-ec2";
import { AwsError } from "./service.ts";

type Values = Readonly<Record<string, readonly string[]>>;

/** Whether something passes EC2's filters; `values` gives what each filter name compares with. `*` matches anything. */
export function passesFilters(
  filters: readonly Filter[] | undefined,
  tags: ReadonlyMap<string, string>,
  values: Values,
): boolean {
  return (filters ?? []).every(({ Name: name = "", Values: wanted = [] }) => {
    const found = name.startsWith("tag:")
      ? [tags.get(name.slice(4))].filter((value) => value !== undefined)
      : name === "tag-key"
        ? Array.from(tags.keys())
        : values[name];
    if (found === undefined) {
      throw new AwsError("InvalidParameterValue", `The filter '${name}' is invalid`);
    }
    return wanted.some((pattern) => found.some((value) => wildcard(pattern).test(value)));
  });
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/gu, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "su");
}

/** The tags that a TagSpecifications list gives to one kind of resource. */
export function tagsFor(
  specifications:
    | readonly {
        readonly ResourceType?: string | undefined;
        readonly Tags?:
          | readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[]
          | undefined;
      }[]
    | undefined,
  resource: string,
): Map<string, string> {
  const found = (specifications ?? []).filter(({ ResourceType }) => ResourceType === resource);
  const tags = new Map(
    found.flatMap(({ Tags }) => (Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""] as const)),
  );
  for (const key of tags.keys()) {
    if (/^aws:/iu.test(key)) throw new AwsError("InvalidParameterValue", `tag key ${key} is reserved`);
  }
  return tags;
}

export function tagSet(
  tags: ReadonlyMap<string, string>,
): { readonly Key: string; readonly Value: string }[] {
  return Array.from(tags, ([Key, Value]) => ({ Key, Value }));
}
