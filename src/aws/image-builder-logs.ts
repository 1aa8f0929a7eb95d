import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Aws } from "./apis.ts";
import { homeRegion } from "./image-builder-resources.ts";
import { bucketAndPrefix } from "./image-builder-store.ts";
import type { DistributedBuild } from "./image-builder-types.ts";
import { openS3Store } from "./s3-store.ts";

/** A log that is longer is left for people to read in the bucket. */
const logLimit = 8 * 2 ** 20;
const linesShown = 20;

/** The end of the newest console log of an image in the spec's bucket; nothing where no logs are kept. */
export async function readLogEnd(
  context: Context,
  aws: Aws,
  build: DistributedBuild,
  imageArn: string,
): Promise<readonly string[]> {
  const { logs } = build.imageBuilder;
  if (logs === undefined) return [];
  const store = openS3Store(context, aws, { ...bucketAndPrefix(logs), region: homeRegion(build) });
  // image/NAME/1.0.3/1
  const place = imageArn.split("/").slice(1).join("/");
  try {
    const found = [...(await store.list(`${place}/`))].filter(
      ([name, { size }]) => name.endsWith("console.log") && size <= logLimit,
    );
    const [newest] = found.toSorted(([, a], [, b]) => b.changedAt - a.changedAt);
    if (newest === undefined) return [];
    const text = (await store.find(newest[0]))?.toString("utf8") ?? "";
    return [`the end of ${logs}/${newest[0]}:`, ...text.trimEnd().split("\n").slice(-linesShown)];
  } catch (error) {
    // The image's failure is what is to be told; that its log is out of reach belongs to it.
    if (error instanceof IgneousError) return [`its log cannot be read: ${error.message}`];
    throw error;
  }
}
