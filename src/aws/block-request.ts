import { type Credentials, signBlockPut } from "./block-signing.ts";

/** The SDK's request, as far as it is looked at here. */
interface Request {
  readonly hostname: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly resume: () => unknown };
}

/** What the client of the EBS direct APIs was opened with. */
export interface BlockClient {
  readonly config: {
    readonly credentials: () => Promise<Credentials>;
    readonly region: () => Promise<string>;
    readonly requestHandler: { readonly handle: (request: never) => Promise<{ readonly response: unknown }> };
    readonly systemClockOffset: number;
  };
  readonly middlewareStack: { readonly add: (middleware: never, options: never) => void };
}

interface Put {
  readonly SnapshotId?: string;
  readonly BlockIndex?: number;
  readonly BlockData?: unknown;
  readonly DataLength?: number;
  readonly Checksum?: string;
  readonly ChecksumAlgorithm?: string;
}

interface Call {
  readonly input: Put;
  readonly request?: Request;
}

type Next = (call: Call) => Promise<{ readonly output: object; readonly response: unknown }>;
type Step = (next: Next, about: { readonly commandName?: string }) => Next;

/**
 * Lets a client put blocks with little work of its own. The SDK serialises, resolves and hashes anew for each of thousands of
 * calls that differ in path, digest and body alone: here the first call is the pattern of the others, which are signed with the
 * digest that is known and go through the same request handler. What is not taken is asked again by the SDK, for its errors.
 */
export function putBlocksQuickly({ config, middlewareStack }: BlockClient): void {
  let pattern: Request | undefined;
  const keepPattern: Step =
    (next, { commandName }) =>
    (call) => {
      if (commandName === "PutSnapshotBlockCommand") pattern = call.request;
      return next(call);
    };
  const put: Step =
    (next, { commandName }) =>
    async (call) => {
      const { Checksum: checksum } = call.input;
      if (commandName !== "PutSnapshotBlockCommand" || pattern === undefined || checksum === undefined) {
        return next(call);
      }
      const request = await blockRequest(config, pattern, call.input, checksum);
      const { response } = await config.requestHandler.handle(request as never);
      const { statusCode, headers, body } = response as Response;
      // A connection is used again when its answer was read.
      body.resume();
      if (statusCode >= 300) return next(call);
      const output = { $metadata: { httpStatusCode: statusCode }, Checksum: headers["x-amz-checksum"] };
      return { output, response };
    };
  const before = { step: "finalizeRequest", priority: "low", name: "igneous-block-pattern" };
  middlewareStack.add(keepPattern as never, before as never);
  const first = { step: "initialize", priority: "low", name: "igneous-block-put" };
  middlewareStack.add(put as never, first as never);
}

const blockPath = /\/snapshots\/[^/]+\/blocks\/\d+$/u;

async function blockRequest(
  config: BlockClient["config"],
  pattern: Request,
  input: Put,
  checksum: string,
): Promise<Request> {
  const [credentials, region] = await Promise.all([config.credentials(), config.region()]);
  const path = pattern.path.replace(blockPath, `/snapshots/${input.SnapshotId}/blocks/${input.BlockIndex}`);
  const { host = "", "user-agent": agent = "" } = pattern.headers;
  const signed = signBlockPut({
    host,
    region,
    credentials,
    path,
    headers: {
      "content-type": "application/octet-stream",
      "x-amz-checksum": checksum,
      "x-amz-checksum-algorithm": input.ChecksumAlgorithm ?? "SHA256",
      "x-amz-data-length": String(input.DataLength),
    },
    bodySha256: Buffer.from(checksum, "base64").toString("hex"),
    now: new Date(Date.now() + config.systemClockOffset),
  });
  const headers = { ...signed, "user-agent": agent, "content-length": String(input.DataLength) };
  // Its class has methods that handlers may call.
  return Object.assign(Object.create(Object.getPrototypeOf(pattern)) as object, pattern, {
    path,
    headers,
    body: input.BlockData,
  });
}
