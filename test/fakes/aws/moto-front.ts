import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { Moto } from "./moto.ts";

type Tags = ReadonlyMap<string, string>;

/** A call as AWS would be asked whether it is allowed. */
export interface ReceivedCall {
  /** Such as `ec2:RunInstances`. */
  readonly action: string;
  readonly region: string;
  readonly parameters: URLSearchParams;
  /** Kind of resource → tags that the call gives to those that it makes; as kind `named`, to those that it names. */
  readonly tags: ReadonlyMap<string, Tags>;
  /** Each resource that it names by an id, with the tags that it carries before. */
  readonly named: readonly { readonly id: string; readonly tags: Tags }[];
}

export interface MotoFront extends Moto {
  /** Of moto itself: what a test asks there is not among the calls. */
  readonly behind: string;
  readonly calls: ReceivedCall[];
}

/**
 * Stands before moto: keeps what is asked of EC2, IAM and the like, and tags the snapshots of an image that is made, which
 * moto itself answers with an error 500 (Packer 1.7 and newer wants that).
 */
export async function startMotoFront(moto: Moto): Promise<MotoFront> {
  const calls: ReceivedCall[] = [];
  const carried = new Map<string, Tags>();
  const ofTemplates = new Map<string, Tags>();
  const server = createServer((request, response) => {
    answer(moto.endpoint, { calls, carried, ofTemplates }, request).then(
      async ({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await moto.stop();
  };
  return { endpoint: `http://127.0.0.1:${address.port}`, behind: moto.endpoint, calls, stop };
}

interface Memory {
  readonly calls: ReceivedCall[];
  /** Id of a resource → its tags. */
  readonly carried: Map<string, Tags>;
  /** Kind of resource → tags that the last launch template gives, or the last launch gave. */
  readonly ofTemplates: Map<string, Tags>;
}

async function answer(
  endpoint: string,
  { calls, carried, ofTemplates }: Memory,
  request: IncomingMessage,
): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const authorization = request.headers.authorization ?? "";
  const type = request.headers["content-type"] ?? "application/x-www-form-urlencoded; charset=utf-8";
  const send = async (parameters: URLSearchParams | Buffer) => {
    const target = request.headers["x-amz-target"];
    const received = await fetch(`${endpoint}${request.url}`, {
      method: request.method ?? "POST",
      headers: {
        authorization,
        "content-type": type,
        ...(typeof target === "string" ? { "x-amz-target": target } : {}),
      },
      ...(request.method === "GET"
        ? {}
        : { body: parameters instanceof Buffer ? new Uint8Array(parameters) : parameters.toString() }),
    });
    const body = await received.text();
    return { status: received.status, type: received.headers.get("content-type") ?? "text/xml", body };
  };
  const sent = Buffer.concat(chunks);
  const [, region = "", service = ""] =
    /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//u.exec(authorization) ?? [];
  const parameters = new URLSearchParams(sent.toString());
  const action = parameters.get("Action");
  if (action === null || !type.startsWith("application/x-www-form-urlencoded")) return send(sent);
  // The instance of a fleet gets what its launch template says.
  for (const [kind, given] of givenTags(parameters, "LaunchTemplateData.")) ofTemplates.set(kind, given);
  const tags = action === "CreateFleet" ? ofTemplates : givenTags(parameters);
  const ids = [...parameters].flatMap(([key, value]) =>
    /^(?:i|vol|ami|snap|sg)-[0-9a-f]+$/u.test(value) && !key.startsWith("Tag") ? [value] : [],
  );
  const named = ids.map((id) => ({ id, tags: carried.get(id) ?? new Map<string, string>() }));
  calls.push({ action: `${service}:${action}`, region, parameters, tags, named });
  const ofNamed = tags.get("named");
  if (ofNamed !== undefined)
    for (const { id, tags: had } of named) carried.set(id, new Map([...had, ...ofNamed]));
  const remember = (kind: string, prefix: string, body: string): void => {
    const id = new RegExp(`\\b${prefix}-[0-9a-f]{8,17}\\b`, "u").exec(body)?.[0];
    const given = tags.get(kind);
    if (id !== undefined && given !== undefined) carried.set(id, given);
  };
  const ofSnapshot = action === "CreateImage" ? tags.get("snapshot") : undefined;
  const made = await send(ofSnapshot === undefined ? sent : withoutSnapshotTags(parameters));
  // Volumes are seen with their instance, after the call that made both.
  const ofVolume = tags.get("volume");
  if (ofVolume !== undefined) ofTemplates.set("volume", ofVolume);
  const volumes = action === "DescribeInstances" ? made.body.match(/\bvol-[0-9a-f]{8,17}\b/gu) : null;
  for (const id of volumes ?? [])
    if (!carried.has(id)) carried.set(id, ofTemplates.get("volume") ?? new Map());
  remember("instance", "i", made.body);
  remember("security-group", "sg", made.body);
  remember("image", "ami", made.body);
  if (ofSnapshot === undefined) return made;
  const image = /<imageId>([^<]+)</u.exec(made.body)?.[1] ?? "";
  const version = { Version: parameters.get("Version") ?? "2016-11-15" };
  const seen = await send(new URLSearchParams({ Action: "DescribeImages", "ImageId.1": image, ...version }));
  const snapshot = /<snapshotId>([^<]+)</u.exec(seen.body)?.[1] ?? "";
  const tagging = new URLSearchParams({ Action: "CreateTags", "ResourceId.1": snapshot, ...version });
  [...ofSnapshot].forEach(([key, value], index) => {
    tagging.set(`Tag.${index + 1}.Key`, key);
    tagging.set(`Tag.${index + 1}.Value`, value);
  });
  await send(tagging);
  carried.set(snapshot, ofSnapshot);
  return made;
}

function withoutSnapshotTags(parameters: URLSearchParams): URLSearchParams {
  const gone = [...parameters].flatMap(([key, value]) =>
    value === "snapshot" && key.endsWith(".ResourceType") ? [key.slice(0, -"ResourceType".length)] : [],
  );
  return new URLSearchParams(
    [...parameters].filter(([key]) => !gone.some((prefix) => key.startsWith(prefix))),
  );
}

/** By kind of resource; those of CreateTags, which names ids, as kind `named`. */
function givenTags(parameters: URLSearchParams, within = ""): ReadonlyMap<string, Tags> {
  const tags = new Map<string, Map<string, string>>();
  for (const [path, name] of parameters) {
    const key = path.startsWith(within) ? path.slice(within.length) : "";
    const match = /^(TagSpecification\.\d+\.)?Tag\.\d+\.Key$/u.exec(key);
    if (match === null) continue;
    const kind =
      match[1] === undefined ? "named" : (parameters.get(`${within}${match[1]}ResourceType`) ?? "");
    const value = parameters.get(`${path.slice(0, -"Key".length)}Value`) ?? "";
    tags.set(kind, (tags.get(kind) ?? new Map<string, string>()).set(name, value));
  }
  return tags;
}
