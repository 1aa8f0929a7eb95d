import { join } from "node:path";
import { findBlockMap } from "../src/aws/block-map.ts";
import { completeSnapshotInput } from "../src/aws/image-input.ts";
import { openAws } from "../src/aws/session.ts";
import { uploadBlocks } from "../src/aws/upload.ts";
import { planUpload, volumeGiB } from "../src/aws/upload-plan.ts";
import { hostContext } from "../src/host/context.ts";

/**
 * `upload-once.ts DISK FOLDER`: sends a disk, whose digests lie in the folder as a bake keeps them, to the endpoint of the
 * environment. Prints seconds on the clock, seconds of processor time and the largest memory in MB, from when the program is loaded.
 */
const [disk = "", folder = ""] = process.argv.slice(2);
const context = hostContext(() => undefined, new AbortController().signal);
const begun = performance.now();
const before = process.cpuUsage();
const map = await findBlockMap(folder);
if (map === undefined) throw new Error(`no digests in ${folder}`);
const plan = planUpload(map);
const aws = openAws(context);
const ebs = await aws.ebs(context.env["AWS_REGION"] ?? "us-east-1");
const { SnapshotId: snapshotId = "" } = await ebs.startSnapshot({ VolumeSize: volumeGiB(map) });
const work = { snapshotId, disk, map, plan, sentLog: join(folder, "sent"), inFlight: 64 };
const { sent } = await uploadBlocks(context, aws.clock, ebs, work);
await ebs.completeSnapshot(completeSnapshotInput(snapshotId, sent, plan.aggregate));
const { user, system } = process.cpuUsage(before);
const wall = (performance.now() - begun) / 1000;
process.stdout.write(`${wall} ${(user + system) / 1e6} ${process.resourceUsage().maxRSS / 1024} ${sent}\n`);
