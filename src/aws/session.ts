import type { Context } from "../core/context.ts";
import { sleep } from "../host/clock.ts";
import type { Aws, AwsClock } from "./apis.ts";
import { putBlocksQuickly } from "./block-request.ts";
import { signKnownDigest } from "./block-signing.ts";
import { awsFailure } from "./failure.ts";
import { readInstancesQuickly, readMembersQuickly } from "./quick-answers.ts";
import { defaultRetries, type RetryPolicy, retrying } from "./retry.ts";

interface AwsOptions {
  readonly clock?: AwsClock;
  readonly retries?: RetryPolicy;
  /** Longest time that one attempt of a call may take. */
  readonly attemptMs?: number;
  /** Connections per service and region. */
  readonly connections?: number;
}

const realClock: AwsClock = { now: () => Date.now(), sleep };

/**
 * Opens AWS with the credentials and endpoints of the context's environment (`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`,
 * `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_EC2`, …). Calls are retried, timed, stopped with the context, and fail with an
 * IgneousError that names the thing, the region and the action. SDK packages are loaded when first used.
 */
export function openAws(context: Context, options: AwsOptions = {}): Aws {
  const clock = options.clock ?? realClock;
  const common = clientSettings(context, options);
  const open: Guarded[] = [];
  // One listener for all: a fleet has a client for each service and region.
  context.signal.addEventListener("abort", () => open.forEach((client) => client.destroy()), { once: true });
  const guard = <Client extends Guarded>(client: Client, service: string, region: string): Client => {
    const guardCall =
      (next: Next, call: { readonly commandName?: string }): Next =>
      async (args) => {
        const operation = (call.commandName ?? "").replace(/Command$/u, "");
        try {
          return await retrying(clock, context.signal, options.retries ?? defaultRetries, () => next(args));
        } catch (error) {
          context.signal.throwIfAborted();
          throw awsFailure(error, { service, region, operation, input: args.input });
        }
      };
    const place = { step: "initialize", name: "igneous", priority: "high" };
    client.middlewareStack.add(guardCall as never, place as never);
    // It copies each answer for a log that nobody keeps: a fifth of the time that a large fleet takes.
    client.middlewareStack.remove("loggerMiddleware");
    open.push(client);
    return client;
  };
  return {
    clock,
    ec2: perRegion(async (region) => {
      const { EC2 } = await import("@aws-sdk/client-ec2");
      const client = new EC2({ ...common("EC2"), region });
      readInstancesQuickly(client);
      return guard(client, "ec2", region);
    }),
    ebs: perRegion(async (region) => {
      const { EBS } = await import("@aws-sdk/client-ebs");
      const client = new EBS({ ...common("EBS"), region });
      client.middlewareStack.add(signKnownDigest as never, { step: "build", name: "igneous-block-digest" });
      putBlocksQuickly(client as never);
      return guard(client, "ebs", region);
    }),
    ecr: perRegion(async (region) => {
      const { ECR } = await import("@aws-sdk/client-ecr");
      return guard(new ECR({ ...common("ECR"), region }), "ecr", region);
    }),
    s3: perRegion(async (region) => {
      const { S3 } = await import("@aws-sdk/client-s3");
      const settings = common("S3");
      // An endpoint of one's own seldom has a name for each bucket.
      const style = { forcePathStyle: settings.endpoint !== undefined, followRegionRedirects: true };
      return guard(new S3({ ...settings, ...style, region }), "s3", region);
    }),
    imageBuilder: perRegion(async (region) => {
      const { Imagebuilder } = await import("@aws-sdk/client-imagebuilder");
      return guard(new Imagebuilder({ ...common("IMAGEBUILDER"), region }), "imagebuilder", region);
    }),
    ssm: perRegion(async (region) => {
      const { SSM } = await import("@aws-sdk/client-ssm");
      return guard(new SSM({ ...common("SSM"), region }), "ssm", region);
    }),
    autoScaling: perRegion(async (region) => {
      const { AutoScaling } = await import("@aws-sdk/client-auto-scaling");
      const client = new AutoScaling({ ...common("AUTO_SCALING"), region });
      readMembersQuickly(client);
      return guard(client, "autoscaling", region);
    }),
    cloudWatch: perRegion(async (region) => {
      const { CloudWatch } = await import("@aws-sdk/client-cloudwatch");
      return guard(new CloudWatch({ ...common("CLOUDWATCH"), region }), "cloudwatch", region);
    }),
    cloudWatchLogs: perRegion(async (region) => {
      const { CloudWatchLogs } = await import("@aws-sdk/client-cloudwatch-logs");
      return guard(new CloudWatchLogs({ ...common("CLOUDWATCH_LOGS"), region }), "logs", region);
    }),
  };
}

type Next = (args: { readonly input: object }) => Promise<never>;

/** What all SDK clients have in common; their own types differ in every operation's name. */
interface Guarded {
  readonly middlewareStack: {
    readonly add: (middleware: never, options: never) => void;
    readonly remove: (name: string) => boolean;
  };
  readonly destroy: () => void;
}

function perRegion<T>(create: (region: string) => Promise<T>): (region: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (region) => {
    const known = made.get(region);
    if (known !== undefined) return known;
    const client = create(region);
    made.set(region, client);
    return client;
  };
}

function clientSettings(context: Context, options: AwsOptions) {
  const { env } = context;
  const accessKeyId = env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"];
  const sessionToken = env["AWS_SESSION_TOKEN"];
  const attemptMs = options.attemptMs ?? 60_000;
  const agent = { keepAlive: true, maxSockets: options.connections ?? 80 };
  return (service: string) => {
    const endpoint = env[`AWS_ENDPOINT_URL_${service}`] ?? env["AWS_ENDPOINT_URL"];
    return {
      // Retries are ours: the SDK's know neither our clock nor a budget of minutes.
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: 10_000,
        requestTimeout: attemptMs,
        throwOnRequestTimeout: true,
        socketTimeout: attemptMs,
        httpAgent: agent,
        httpsAgent: agent,
      },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(accessKeyId === undefined || secretAccessKey === undefined
        ? {}
        : {
            credentials: {
              accessKeyId,
              secretAccessKey,
              ...(sessionToken === undefined ? {} : { sessionToken }),
            },
          }),
    };
  };
}
