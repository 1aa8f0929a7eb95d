import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { noRetries } from "../../src/aws/retry.ts";
import { openAws } from "../../src/aws/session.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { type Simulator, startSimulator } from "../fakes/aws/simulator.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { block } from "./disks.ts";
import { home, setting } from "./publishing.ts";

/** The real aws command against the simulator. */
async function awsCli(sim: Simulator, ...args: string[]): Promise<unknown> {
  const env = {
    ...process.env,
    ...sim.env,
    AWS_DEFAULT_REGION: home,
    AWS_DEFAULT_OUTPUT: "json",
    AWS_MAX_ATTEMPTS: "1",
  };
  const { stdout } = await promisify(execFile)(requirePythonTool("aws"), args, { env });
  return stdout === "" ? undefined : JSON.parse(stdout);
}

describe("the simulator", () => {
  it("answers the aws command in all of its protocols about what igneous made", async () => {
    const { sim, context, aws, bake, folder } = await setting({
      accounts: ["222233334444"],
      ssmParameter: "/igneous/ami",
    });
    const { amis } = await publishBuild(context, aws, await bake("b1", "a 0 b"));
    const { amiId = "", snapshotId = "" } = amis[0] ?? {};
    expect(
      await awsCli(sim, "ec2", "describe-images", "--filters", "Name=tag:igneous:build,Values=b1"),
    ).toMatchObject({
      Images: [
        {
          ImageId: amiId,
          State: "available",
          BootMode: "uefi",
          ImdsSupport: "v2.0",
          BlockDeviceMappings: [
            { DeviceName: "/dev/xvda", Ebs: { SnapshotId: snapshotId, VolumeType: "gp3", VolumeSize: 1 } },
          ],
        },
      ],
    });
    const attribute = ["--image-id", amiId, "--attribute", "launchPermission"];
    expect(await awsCli(sim, "ec2", "describe-image-attribute", ...attribute)).toMatchObject({
      LaunchPermissions: [{ UserId: "222233334444" }],
    });
    expect(await awsCli(sim, "ssm", "get-parameter", "--name", "/igneous/ami")).toMatchObject({
      Parameter: { Value: amiId, DataType: "aws:ec2:image" },
    });
    expect(await awsCli(sim, "autoscaling", "describe-auto-scaling-groups")).toEqual({
      AutoScalingGroups: [],
    });
    const listed = (await awsCli(sim, "ebs", "list-snapshot-blocks", "--snapshot-id", snapshotId)) as {
      Blocks: { BlockIndex: number; BlockToken: string }[];
    };
    expect(listed.Blocks.map(({ BlockIndex }) => BlockIndex)).toEqual([0, 2]);
    const out = join(folder, "block");
    const token = listed.Blocks[1]?.BlockToken ?? "";
    const which = ["--snapshot-id", snapshotId, "--block-index", "2", "--block-token", token, out];
    await awsCli(sim, "ebs", "get-snapshot-block", ...which);
    expect((await readFile(out)).equals(block("b"))).toBe(true);
  });

  it("refuses blocks and snapshots as AWS does", async () => {
    const sim = await startSimulator();
    onTestFinished(() => sim.stop());
    const started = (await awsCli(sim, "ebs", "start-snapshot", "--volume-size", "1")) as {
      SnapshotId: string;
    };
    const file = join(await temporaryFolder(), "block");
    await writeFile(file, block("a"));
    const put = (index: string, length: string): Promise<unknown> => {
      const id = ["--snapshot-id", started.SnapshotId, "--block-index", index, "--data-length", length];
      const sum = ["--checksum", Buffer.alloc(32).toString("base64"), "--checksum-algorithm", "SHA256"];
      return awsCli(sim, "ebs", "put-snapshot-block", ...id, ...sum, "--block-data", file);
    };
    await expect(put("0", "524288")).rejects.toThrow("InvalidSignatureException");
    await expect(put("2048", "524288")).rejects.toThrow("ValidationException");
    await expect(put("0", "1000")).rejects.toThrow("ValidationException");
    await expect(
      awsCli(sim, "ebs", "list-snapshot-blocks", "--snapshot-id", started.SnapshotId),
    ).rejects.toThrow("ResourceNotFoundException");
    const complete = ["--snapshot-id", started.SnapshotId, "--changed-blocks-count", "7"];
    await awsCli(sim, "ebs", "complete-snapshot", ...complete);
    sim.clock.advance(60_000);
    expect(await awsCli(sim, "ec2", "describe-snapshots")).toMatchObject({ Snapshots: [{ State: "error" }] });
    expect(sim.violations).toEqual([]);
  });

  it("refuses a copy whose name is taken in its region, and only there", async () => {
    const sim = await startSimulator();
    onTestFinished(() => sim.stop());
    const register = async (region: string): Promise<string> => {
      const at = ["--region", region];
      const { SnapshotId: id } = (await awsCli(
        sim,
        "ebs",
        "start-snapshot",
        "--volume-size",
        "1",
        ...at,
      )) as {
        SnapshotId: string;
      };
      await awsCli(
        sim,
        "ebs",
        "complete-snapshot",
        "--snapshot-id",
        id,
        "--changed-blocks-count",
        "0",
        ...at,
      );
      sim.clock.advance(60_000);
      const root = ["--root-device-name", "/dev/xvda"];
      const mapping = `DeviceName=/dev/xvda,Ebs={SnapshotId=${id}}`;
      const words = ["--name", "node", ...root, "--block-device-mappings", mapping, ...at];
      const { ImageId } = (await awsCli(sim, "ec2", "register-image", ...words)) as { ImageId: string };
      sim.clock.advance(60_000);
      return ImageId;
    };
    const source = await register(home);
    const foreign = await register("us-east-1");
    const from = ["--name", "node", "--source-region", home, "--source-image-id", source];
    const copy = (region: string): Promise<unknown> =>
      awsCli(sim, "ec2", "copy-image", ...from, "--region", region);
    await expect(copy("us-east-1")).rejects.toThrow(
      `(InvalidAMIName.Duplicate) when calling the CopyImage operation: AMI name node is already in use by AMI ${foreign}`,
    );
    expect(await copy("eu-west-1")).toEqual({ ImageId: expect.stringMatching(/^ami-/u) });
    await awsCli(sim, "ec2", "deregister-image", "--image-id", foreign, "--region", "us-east-1");
    expect(await copy("us-east-1")).toEqual({ ImageId: expect.stringMatching(/^ami-/u) });
    expect(sim.violations).toEqual([]);
  });

  it("notices requests and answers that break AWS's models", async () => {
    const sim = await startSimulator();
    onTestFinished(() => sim.stop());
    const aws = openAws({ ...testContext(), env: sim.env }, { retries: noRetries, clock: sim.clock });
    const ec2 = await aws.ec2(home);
    const copy = ec2.copyImage({ Name: "x", SourceRegion: home, SourceImageId: "ami-1" });
    await expect(copy).rejects.toThrow("InvalidAMIID.NotFound");
    expect(sim.violations).toEqual(["ec2.CopyImage request: CopyImageRequest.Name: length 1 < 3"]);
    await expect(awsCli(sim, "ec2", "describe-vpcs")).rejects.toThrow();
    expect(sim.violations.at(-1)).toContain("no handler for DescribeVpcs");
  });
});
