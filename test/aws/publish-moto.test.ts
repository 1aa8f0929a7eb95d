import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noRetries } from "../../src/aws/retry.ts";
import { openAws } from "../../src/aws/session.ts";
import { publish } from "../../src/commands/publish.ts";
import { sleep } from "../../src/host/clock.ts";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { writeDisk } from "./disks.ts";

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto.stop());

describe("publish to moto", () => {
  // moto has neither deprecation nor protection, and forgets an AMI's tags and snapshot: the simulator is for those.
  it("makes, copies, shares and names AMIs that the aws command then sees", async () => {
    const folder = join(await temporaryFolder(), "b1");
    await mkdir(folder);
    const credentials = { AWS_ACCESS_KEY_ID: "AKIATEST", AWS_SECRET_ACCESS_KEY: "secret" };
    const env = { ...process.env, ...credentials, AWS_ENDPOINT_URL: moto.endpoint };
    const context = { ...testContext(), env };
    const clock = { now: Date.now, sleep: (ms: number, signal: AbortSignal) => sleep(ms / 100, signal) };
    const { path, sha256, size } = await writeDisk(join(folder, "disk.img"), "a 0 b c 0 d");
    const build = {
      buildId: "b1",
      specName: "mainnet-node",
      disk: { path, sha256, size },
      publish: {
        regions: ["eu-central-1", "us-west-2"],
        accounts: ["222233334444"],
        ssmParameter: "/igneous/ami",
      },
      folder,
    };
    const result = await publish(context, { build }, openAws(context, { clock, retries: noRetries }));
    expect(result.failures).toEqual([]);
    expect(result.amis[0]?.blocks).toEqual({ total: 6, nonZero: 4, changed: 4, sent: 4 });
    for (const { region, amiId } of result.amis) {
      const cli = async (...args: string[]): Promise<unknown> => {
        const options = { env: { ...env, AWS_DEFAULT_REGION: region, AWS_DEFAULT_OUTPUT: "json" } };
        const { stdout } = await promisify(execFile)(requirePythonTool("aws"), args, options);
        return JSON.parse(stdout);
      };
      expect(await cli("ec2", "describe-images", "--image-ids", amiId)).toMatchObject({
        Images: [{ ImageId: amiId, Name: "mainnet-node-b1", State: "available" }],
      });
      const attribute = ["--image-id", amiId, "--attribute", "launchPermission"];
      expect(await cli("ec2", "describe-image-attribute", ...attribute)).toMatchObject({
        LaunchPermissions: [{ UserId: "222233334444" }],
      });
      expect(await cli("ssm", "get-parameter", "--name", "/igneous/ami")).toMatchObject({
        Parameter: { Value: amiId },
      });
    }
  });
});
