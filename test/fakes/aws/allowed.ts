import type { Policy, Statement } from "../../../src/aws/iam-policy.ts";
import type { ReceivedCall } from "./moto-front.ts";

/** Kind of a resource, as its ARN has it, by what its id begins with. */
const kindsOfId: Readonly<Record<string, string>> = {
  ami: "image",
  i: "instance",
  sg: "security-group",
  snap: "snapshot",
  vol: "volume",
};

interface Check {
  readonly what: string;
  readonly action: string;
  readonly region: string;
  /** Kind of the resource; undefined where the call knows none. */
  readonly kind: string | undefined;
  readonly context: Readonly<Record<string, string | undefined>>;
}

/**
 * What a policy denies of received calls, each as text: by action, region, kind of resource, and the tags that it is given or
 * carries. Names in ARNs are not compared, nor services but EC2.
 */
export function deniedCalls(
  { Statement: statements }: Policy,
  calls: readonly ReceivedCall[],
): readonly string[] {
  const checks = calls.flatMap(checksOf);
  const denied = checks.filter((check) => !statements.some((statement) => allows(statement, check)));
  return [...new Set(denied.map(({ what }) => what))];
}

function checksOf({ action, region, parameters, tags, named }: ReceivedCall): readonly Check[] {
  const [, name = ""] = action.split(":");
  const base = { "aws:RequestedRegion": region };
  if (/^Describe|^Get/u.test(name)) {
    return [{ what: `${action} in ${region}`, action, region, kind: undefined, context: base }];
  }
  const context = (kind: string, carried: ReadonlyMap<string, string> = new Map()): Check["context"] => ({
    ...base,
    ...prefixed("aws:RequestTag/", tags.get(kind) ?? tags.get("named")),
    ...prefixed("aws:ResourceTag/", carried),
  });
  const made: Readonly<Record<string, readonly string[]>> = {
    CopyImage: ["image", "snapshot"],
    CreateFleet: ["instance", "launch-template"],
    CreateImage: ["image", "snapshot"],
    CreateKeyPair: ["key-pair"],
    CreateLaunchTemplate: ["launch-template"],
    CreateSecurityGroup: ["security-group", "vpc"],
    DeleteKeyPair: ["key-pair"],
    DeleteLaunchTemplate: ["launch-template"],
    RunInstances: ["instance", "volume", "network-interface"],
  };
  const what = (kind: string): string => `${action} of ${kind} in ${region}`;
  return [
    ...named.map(({ id, tags: carried }): Check => {
      const kind = kindsOfId[id.slice(0, id.indexOf("-"))] ?? id;
      return { what: what(kind), action, region, kind, context: context(kind, carried) };
    }),
    ...(made[name] ?? []).map((kind) => ({ what: what(kind), action, region, kind, context: context(kind) })),
    ...(parameters.get("CopyImageTags") === "true"
      ? [
          {
            what: `ec2:CreateTags of image by ${name} in ${region}`,
            action: "ec2:CreateTags",
            region,
            kind: "image",
            context: { ...base, "ec2:CreateAction": name },
          },
        ]
      : []),
    ...[...tags.keys()]
      .filter((kind) => kind !== "named")
      .map((kind) => ({
        what: `ec2:CreateTags of ${kind} by ${name}`,
        action: "ec2:CreateTags",
        region,
        kind,
        context: { ...context(kind), "ec2:CreateAction": name },
      })),
  ];
}

function prefixed(
  prefix: string,
  tags: ReadonlyMap<string, string> = new Map(),
): Readonly<Record<string, string>> {
  return Object.fromEntries([...tags].map(([key, value]) => [`${prefix}${key}`, value]));
}

function allows(
  { Action, Resource, Condition }: Statement,
  { action, kind, region, context }: Check,
): boolean {
  const resources = typeof Resource === "string" ? [Resource] : Resource;
  const isOf = (arn: string): boolean => {
    const [, , , where = "", , what = ""] = arn.split(":");
    return (where === "*" || where === region) && what.split("/")[0] === kind;
  };
  const conditions = Object.entries(Condition?.["StringEquals"] ?? {});
  return (
    Action.includes(action) &&
    resources.some((arn) => arn === "*" || (kind !== undefined && isOf(arn))) &&
    conditions.every(([key, wanted]) => [wanted].flat().some((value) => value === context[key]))
  );
}
