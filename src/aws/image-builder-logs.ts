import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { awsErrorCode } from "./failure.ts";
import { homeRegion } from "./image-builder-resources.ts";
import { bucketAndPrefix } from "./image-builder-store.ts";
import type { DistributedBuild } from "./image-builder-types.ts";
import { openS3Store } from "./s3-store.ts";

/** A log that is longer is left for people to read in the bucket. */
const logLimit = 8 * 2 ** 20;
const linesShown = 20;

/** Where Image Builder puts the log of an image in CloudWatch, when nobody says otherwise. */
export interface ImageLog {
  readonly group: string;
  readonly stream: string;
}

/** https://docs.aws.amazon.com/imagebuilder/latest/userguide/monitor-cwlogs.html */
export function imageLog(imageArn: string): ImageLog {
  // …:image/NAME/1.0.3/1
  const [name = "", ...version] = imageArn.split("/").slice(1);
  return { group: `/aws/imagebuilder/${name}`, stream: version.join("/") };
}

/** The end of an image's log: of the newest console log in the spec's bucket, else of CloudWatch's. */
export async function readLogEnd(
  context: Context,
  aws: Aws,
  build: DistributedBuild,
  imageArn: string,
): Promise<readonly string[]> {
  const { logs } = build.imageBuilder;
  try {
    const stored = logs === undefined ? [] : await readStored(context, aws, build, { logs, imageArn });
    return stored.length > 0 ? stored : await readCloudWatch(aws, build, imageLog(imageArn));
  } catch (error) {
    // The image's failure is what is to be told; that its log is out of reach belongs to it.
    if (error instanceof IgneousError) return [`its log cannot be read: ${error.message}`];
    throw error;
  }
}

async function readStored(
  context: Context,
  aws: Aws,
  build: DistributedBuild,
  { logs, imageArn }: { readonly logs: string; readonly imageArn: string },
): Promise<readonly string[]> {
  const store = openS3Store(context, aws, { ...bucketAndPrefix(logs), region: homeRegion(build) });
  const place = imageArn.split("/").slice(1).join("/");
  const found = [...(await store.list(`${place}/`))].filter(
    ([name, { size }]) => name.endsWith("console.log") && size <= logLimit,
  );
  const [newest] = found.toSorted(([, a], [, b]) => b.changedAt - a.changedAt);
  if (newest === undefined) return [];
  const text = (await store.find(newest[0]))?.toString("utf8") ?? "";
  return [`the end of ${logs}/${newest[0]}:`, ...text.trimEnd().split("\n").slice(-linesShown)];
}

async function readCloudWatch(
  aws: Aws,
  build: DistributedBuild,
  { group, stream }: ImageLog,
): Promise<readonly string[]> {
  const logs = await aws.cloudWatchLogs(homeRegion(build));
  try {
    const place = { logGroupName: group, logStreamName: stream };
    const { events = [] } = await logs.getLogEvents({ ...place, limit: linesShown, startFromHead: false });
    const lines = events.flatMap(({ message = "" }) => message.trimEnd().split("\n"));
    return lines.length === 0 ? [] : [`the end of ${group}, ${stream}:`, ...lines.slice(-linesShown)];
  } catch (error) {
    // What failed before a component ran has written no log.
    if (awsErrorCode(error) === "ResourceNotFoundException") return [];
    throw error;
  }
}
