import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestDisk } from "../../src/aws/block-map.ts";
import { noRetries } from "../../src/aws/retry.ts";
import { openAws } from "../../src/aws/session.ts";
import { uploadBlocks } from "../../src/aws/upload.ts";
import { planUpload } from "../../src/aws/upload-plan.ts";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { block, writeDisk } from "./disks.ts";

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto.stop());

const region = "eu-central-1";

interface Entry {
  readonly BlockIndex: number;
  readonly BlockToken: string;
}

describe("upload to moto", () => {
  it("puts every block so that the aws command reads the same bytes back", async () => {
    const folder = await temporaryFolder();
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ACCESS_KEY_ID: "AKIATEST",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_DEFAULT_REGION: region,
    };
    const context = { ...testContext(), env };
    const aws = openAws(context, { retries: noRetries });
    const ebs = await aws.ebs(region);
    const disk = await writeDisk(join(folder, "disk"), "a 0 b c 0 d");
    const map = await digestDisk(context, disk.path);
    const { SnapshotId: snapshotId = "" } = await ebs.startSnapshot({ VolumeSize: 1, ClientToken: "t1" });
    const upload = {
      snapshotId,
      disk: disk.path,
      map,
      plan: planUpload(map),
      sentLog: join(folder, "sent"),
      inFlight: 4,
    };
    expect(await uploadBlocks(context, aws.clock, ebs, upload)).toEqual({ sent: 4, resumed: false });
    expect(await uploadBlocks(context, aws.clock, ebs, upload)).toEqual({ sent: 4, resumed: true });
    const cli = async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(requirePythonTool("aws"), ["ebs", ...args], { env });
      return stdout;
    };
    const { Blocks: blocks } = JSON.parse(
      await cli("list-snapshot-blocks", "--snapshot-id", snapshotId, "--output", "json"),
    );
    blocks.sort((a: Entry, b: Entry) => a.BlockIndex - b.BlockIndex);
    expect(blocks.map((entry: Entry) => entry.BlockIndex)).toEqual([0, 2, 3, 5]);
    const out = join(folder, "block");
    const which = ["--snapshot-id", snapshotId, "--block-index", "3", "--block-token", blocks[2].BlockToken];
    await cli("get-snapshot-block", ...which, out);
    const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    expect(hash(await readFile(out))).toBe(hash(block("c")));
  });
});
