import type { AutoScalingGroup, Instance as GroupInstance } from "@aws-sdk/client-auto-scaling";
import type { Instance } from "@aws-sdk/client-ec2";
import { cutLists, type XmlField, xmlFields, type XmlList, type XmlValues } from "./xml-list.ts";

/** What is read of an instance; its other members are never there. */
export type BriefInstance = Pick<
  Instance,
  "ImageId" | "InstanceId" | "LaunchTime" | "PrivateIpAddress" | "State"
>;

interface Response {
  readonly statusCode: number;
  body: AsyncIterable<Uint8Array> | Uint8Array;
}

interface Answer {
  readonly response: Response;
  readonly output?: object;
}

type Next = (call: { readonly input: object }) => Promise<Answer>;
type Step = (next: Next, about: { readonly commandName?: string }) => Next;

interface Client {
  readonly middlewareStack: { readonly add: (middleware: never, options: never) => void };
}

/** One operation whose answer is mostly lists of the same small elements. */
interface Quick {
  readonly commandName: string;
  /** The element that holds a list. */
  readonly element: string;
  readonly list: XmlList;
  /** A list of one for the SDK to read, by whose id the real one is found again. */
  readonly instead: (index: number) => string;
  /** Puts the lists into what the SDK made of the rest. */
  readonly restore: (output: object, lists: readonly (readonly XmlValues[])[]) => object;
}

/**
 * Lets a client read such an answer with little work: the SDK is given it without the lists, which are read by ourselves.
 * Reading them took the SDK two thirds of all that a status of a large fleet costs, and held each page in memory.
 */
function readQuickly({ middlewareStack }: Client, quick: Quick): void {
  const cut = new WeakMap<Response, readonly (readonly XmlValues[])[]>();
  const inner: Step =
    (next, { commandName }) =>
    async (call) => {
      const answer = await next(call);
      const { response } = answer;
      if (commandName !== quick.commandName || response.statusCode !== 200) return answer;
      const whole = await bytesOf(response.body);
      const found = cutLists(whole.toString("latin1"), quick.element, quick.list, quick.instead);
      response.body = found === undefined ? whole : Buffer.from(found.rest, "latin1");
      if (found !== undefined) cut.set(response, found.lists);
      return answer;
    };
  const outer: Step = (next) => async (call) => {
    const answer = await next(call);
    const lists = cut.get(answer.response);
    if (lists === undefined || answer.output === undefined) return answer;
    return { ...answer, output: quick.restore(answer.output, lists) };
  };
  middlewareStack.add(
    inner as never,
    { step: "deserialize", name: `igneous-cut-${quick.element}`, priority: "low" } as never,
  );
  middlewareStack.add(
    outer as never,
    { step: "deserialize", name: `igneous-put-${quick.element}`, priority: "high" } as never,
  );
}

async function bytesOf(body: Response["body"]): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const instances: XmlList = {
  item: "item",
  fields: xmlFields(
    ["imageId", "ImageId", "word"],
    ["instanceId", "InstanceId", "text"],
    ["launchTime", "LaunchTime", "time"],
    ["privateIpAddress", "PrivateIpAddress", "text"],
    ["instanceState", "State", { fields: xmlFields(["name", "Name", "word"]) }],
  ),
};

const reservations: XmlList = { item: "item", fields: xmlFields(["instancesSet", "Instances", instances]) };

/** DescribeInstances: its answer has one reservation with all instances, and of each what is read. */
export function readInstancesQuickly(client: Client): void {
  readQuickly(client, {
    commandName: "DescribeInstancesCommand",
    element: "reservationSet",
    list: reservations,
    instead: () => "",
    restore: (output, lists) => ({
      ...output,
      Reservations: [{ Instances: lists.flat().flatMap(({ Instances }) => Instances ?? []) }],
    }),
  });
}

/** All of them: when the SDK's next version has one more, this does not compile. */
const memberFields: Readonly<Record<keyof GroupInstance, XmlField>> = {
  AvailabilityZone: "word",
  AvailabilityZoneId: "word",
  HealthStatus: "word",
  ImageId: "word",
  InstanceId: "text",
  InstanceType: "word",
  LaunchConfigurationName: "word",
  LaunchTemplate: {
    fields: xmlFields(
      ["LaunchTemplateId", "LaunchTemplateId", "word"],
      ["LaunchTemplateName", "LaunchTemplateName", "word"],
      ["Version", "Version", "word"],
    ),
  },
  LifecycleState: "word",
  ProtectedFromScaleIn: "flag",
  WeightedCapacity: "word",
};

const members: XmlList = {
  item: "member",
  fields: xmlFields(...Object.entries(memberFields).map(([name, field]) => [name, name, field] as const)),
};

/** DescribeAutoScalingGroups: its answer is whole. */
export function readMembersQuickly(client: Client): void {
  readQuickly(client, {
    commandName: "DescribeAutoScalingGroupsCommand",
    element: "Instances",
    list: members,
    instead: (index) => `<member><InstanceId>${index}</InstanceId></member>`,
    restore: (output, lists) => {
      const { AutoScalingGroups: groups = [] } = output as {
        readonly AutoScalingGroups?: readonly AutoScalingGroup[];
      };
      const restored = groups.map((group) => {
        const [first] = group.Instances ?? [];
        return first === undefined ? group : { ...group, Instances: lists[Number(first.InstanceId)] };
      });
      return { ...output, AutoScalingGroups: restored };
    },
  });
}
