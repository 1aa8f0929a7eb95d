import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { digestDisk, writeBlockMap } from "../src/aws/block-map.ts";
import { openAws } from "../src/aws/session.ts";
import { uploadBlocks } from "../src/aws/upload.ts";
import { planUpload, volumeGiB } from "../src/aws/upload-plan.ts";
import { hostContext } from "../src/host/context.ts";

/**
 * `npx tsx bench/upload.ts [DISK [PREDECESSOR]]` (by itself: the newest builds of images.lock.json that lie here): uploads a
 * disk to the simulator, which checks every block, and does the same with `coldsnap` when that is on PATH. With the
 * predecessor's disk, tells how many blocks of the second build travel.
 */
const given = process.argv.slice(2);
const [disk, predecessor] = given.length > 0 ? given : bakedDisks();
if (disk === undefined) {
  process.stdout.write("upload      no disk is baked here; run: igneous bake\n");
  process.exit(0);
}

function bakedDisks(): readonly string[] {
  const { builds } = JSON.parse(readFileSync("images.lock.json", "utf8")) as { builds: { id: string }[] };
  const disks = builds.map(({ id }) => join(".igneous/builds", id.slice(7, 19), "disk.img"));
  return disks.filter((path) => existsSync(path));
}

const server = spawn(process.execPath, ["--import", "tsx", "test/fakes/aws/serve.ts"], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: server.stdout });
const endpoint: string = await new Promise((resolve) => lines.once("line", resolve));
const env = {
  ...process.env,
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: "AKIAFAKE",
  AWS_SECRET_ACCESS_KEY: "fake",
  AWS_REGION: "us-east-1",
};
const folder = await mkdtemp(join(tmpdir(), "igneous-bench-"));
const context = { ...hostContext(() => undefined, new AbortController().signal), env };
const seconds = (since: number): number => (performance.now() - since) / 1000;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

try {
  const digesting = performance.now();
  const map = await digestDisk(context, disk);
  await writeBlockMap(folder, map);
  print(
    `digests     ${seconds(digesting).toFixed(2)} s (made once, at bake) for ${(map.size / 1e9).toFixed(2)} GB`,
  );
  const plan = planUpload(map);
  print(`blocks      ${plan.total} total, ${plan.nonZero} non-zero`);
  if (predecessor !== undefined) {
    const { changed } = planUpload(map, await digestDisk(context, predecessor));
    print(
      `delta       ${changed} changed and sent, ${((changed / plan.nonZero) * 100).toFixed(1)} % of the non-zero ones`,
    );
  }
  const uploading = performance.now();
  const aws = openAws(context);
  const ebs = await aws.ebs("us-east-1");
  const { SnapshotId: snapshotId = "" } = await ebs.startSnapshot({ VolumeSize: volumeGiB(map) });
  const sentLog = join(folder, "sent");
  const { sent } = await uploadBlocks(context, aws.clock, ebs, {
    snapshotId,
    disk,
    map,
    plan,
    sentLog,
    inFlight: 64,
  });
  const done = { SnapshotId: snapshotId, ChangedBlocksCount: sent, Checksum: plan.aggregate } as const;
  await ebs.completeSnapshot({ ...done, ChecksumAlgorithm: "SHA256", ChecksumAggregationMethod: "LINEAR" });
  const ours = seconds(uploading);
  const rss = process.resourceUsage().maxRSS / 1024;
  print(
    `igneous     ${ours.toFixed(2)} s, ${((sent * 0.524288) / ours).toFixed(0)} MB/s sent, ${rss.toFixed(0)} MB of memory at most`,
  );
  for (const flags of [[], ["--omit-zero-blocks"]]) {
    const begun = performance.now();
    const argv = ["--endpoint", endpoint, "--region", "us-east-1", "upload", ...flags, "--no-progress", disk];
    const ran = await promisify(execFile)("coldsnap", argv, { env }).catch((error: Error) => error);
    if (ran instanceof Error) print(`coldsnap    not run: ${ran.message.split("\n").slice(0, 3).join(" ")}`);
    else
      print(
        `coldsnap    ${seconds(begun).toFixed(2)} s ${flags.join(" ")} (${(seconds(begun) / ours).toFixed(1)} × as long)`,
      );
  }
} finally {
  server.stdin.end();
  await rm(folder, { recursive: true, force: true });
}
