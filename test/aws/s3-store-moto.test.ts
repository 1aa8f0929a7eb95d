import { S3 } from "@aws-sdk/client-s3";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noRetries } from "../../src/aws/retry.ts";
import { openS3Store } from "../../src/aws/s3-store.ts";
import { openAws } from "../../src/aws/session.ts";
import type { ObjectStore } from "../../src/core/object-store.ts";
import { mapLimit } from "../../src/core/parallel.ts";
import { publishStatic } from "../../src/ostree/static-publish.ts";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { readOverHttps, twoCommits } from "../ostree/published-repo.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const region = "eu-central-1";
let moto: Moto;
let s3: S3;

beforeAll(async () => {
  moto = await startMoto();
  const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };
  s3 = new S3({ region, endpoint: moto.endpoint, credentials, forcePathStyle: true });
  await s3.createBucket({ Bucket: "nodes", CreateBucketConfiguration: { LocationConstraint: region } });
});
afterAll(() => moto.stop());

function store(prefix: string, bucket = "nodes"): ObjectStore {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: moto.endpoint,
    AWS_ACCESS_KEY_ID: "AKIATEST",
    AWS_SECRET_ACCESS_KEY: "secret",
  };
  const context = { ...testContext(), env };
  return openS3Store(context, openAws(context, { retries: noRetries }), { bucket, prefix, region });
}

/** What a web server in front of the bucket shows. */
async function download(prefix: string): Promise<string> {
  const folder = await temporaryFolder();
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: "nodes", Prefix: `${prefix}/` });
  for (const { Key = "" } of Contents) {
    const path = join(folder, Key.slice(prefix.length + 1));
    await mkdir(dirname(path), { recursive: true });
    const { Body } = await s3.getObject({ Bucket: "nodes", Key });
    await writeFile(path, (await Body?.transformToByteArray()) ?? "");
  }
  return folder;
}

describe("a bucket on moto", () => {
  it("holds a repo that ostree pulls and finds sound, and gets only what changed", async () => {
    const { repo, first, second } = await twoCommits();
    const target = store("ostree/devnet");
    const context = testContext();
    await target.put(
      "config",
      Buffer.from("[core]\nrepo_version=1\nmode=archive-z2\nindexed-deltas=true\n"),
      "changing",
    );
    await publishStatic(context, repo, target, { commit: first, ref: "igneous/n/1", from: undefined });
    const wanted = { commit: second, ref: "igneous/n/2", from: first };
    const done = await publishStatic(context, repo, target, wanted);
    expect(done.sent).toBeLessThan(10);
    expect(await publishStatic(context, repo, target, wanted)).toMatchObject({ isChanged: false, sent: 0 });
    const { ostree } = await readOverHttps(await download("ostree/devnet"));
    await ostree("pull", "web", first);
    await ostree("pull", "web", "igneous/n/2");
    await ostree("fsck");
    const summary = await s3.headObject({ Bucket: "nodes", Key: "ostree/devnet/summary" });
    expect(summary.CacheControl).toBe("no-cache");
  });

  it("sends in parts what is large, and leaves no upload open when that fails", async () => {
    const target = store("large");
    const chunk = Buffer.alloc(2 ** 20, 7);
    const chunks = async function* (count: number, fails: boolean): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < count; index++) yield chunk;
      if (fails) throw new Error("torn");
    };
    await target.put("big", chunks(20, false), "lasting");
    await target.put("small", chunks(1, false), "lasting");
    const sizes = [...(await target.list(""))].map(([name, { size }]) => [name, size]);
    expect(sizes).toEqual([
      ["big", 20 * 2 ** 20],
      ["small", 2 ** 20],
    ]);
    expect((await target.find("big"))?.equals(Buffer.alloc(20 * 2 ** 20, 7))).toBe(true);
    await expect(target.put("torn", chunks(18, true), "lasting")).rejects.toThrow("torn");
    expect(await target.find("torn")).toBeUndefined();
    expect((await s3.listMultipartUploads({ Bucket: "nodes" })).Uploads ?? []).toEqual([]);
    await s3.createMultipartUpload({ Bucket: "nodes", Key: "large/killed" });
    // moto says of every upload that it was begun in 2010.
    await target.removeUnfinished(0);
    const open = async (): Promise<number> =>
      (await s3.listMultipartUploads({ Bucket: "nodes" })).Uploads?.length ?? 0;
    expect(await open()).toBe(1);
    await target.removeUnfinished(Date.now());
    expect(await open()).toBe(0);
    await target.remove(["big", "small", "never"]);
    expect((await target.list("")).size).toBe(0);
  });

  it("lists more than one page, and names a bucket that is not there", async () => {
    const target = store("pages");
    const names = Array.from({ length: 1005 }, (_, index) => `objects/${index}`);
    // As many at once as a publish sends; moto answers no more in time.
    await mapLimit(names, 16, (name) => target.put(name, Buffer.from("x"), "lasting"));
    expect((await target.list("objects/")).size).toBe(1005);
    await expect(store("x", "nobodys").list("")).rejects.toMatchObject({
      code: "aws-failed",
      message: expect.stringContaining("nobodys"),
    });
  });
});
