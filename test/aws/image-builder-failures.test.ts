import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { S3 } from "@aws-sdk/client-s3";
import { describe, expect, it, onTestFinished } from "vitest";
import { distributeByImageBuilder } from "../../src/aws/image-builder-distribute.ts";
import { publishByImageBuilder } from "../../src/aws/image-builder-publish.ts";
import { openAws } from "../../src/aws/session.ts";
import { startMoto } from "../fakes/aws/moto.ts";
import { madeBy, testBuild as build } from "./image-builds.ts";
import { home, setting } from "./publishing.ts";

describe("EC2 Image Builder on a bad day", () => {
  it("shows the step that failed and its message, and makes another image the next time", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "BUILD",
      step: "ApplyBuildComponents",
      message: "phase build, step Verify: payload.tar.gz: FAILED",
    };
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toThrow(
      /build workflow, step ApplyBuildComponents: phase build, step Verify: payload.tar.gz: FAILED/u,
    );
    s.sim.world.imageBuilder.plannedFailure = undefined;
    const { amis, recipeVersion } = await publishByImageBuilder(s.context, s.aws, build());
    expect(amis).toHaveLength(2);
    expect(recipeVersion).toBe("1.0.0");
  });

  it("shows the end of the component's log, from the bucket of the spec", async () => {
    const s = await setting();
    const moto = await startMoto();
    onTestFinished(moto.stop);
    const context = { ...s.context, env: { ...s.context.env, AWS_ENDPOINT_URL_S3: moto.endpoint } };
    const aws = openAws(context, { clock: s.sim.clock });
    const credentials = { accessKeyId: "AKIAFAKE", secretAccessKey: "fake" };
    const s3 = new S3({ region: home, endpoint: moto.endpoint, credentials, forcePathStyle: true });
    await s3.createBucket({ Bucket: "builds", CreateBucketConfiguration: { LocationConstraint: home } });
    const place = "logs/igneous-mainnet-node/1.0.0/1/wf-1/ApplyBuildComponents/TOE_1";
    const Body = Array.from({ length: 40 }, (_, line) => `line ${line}`).join("\n");
    await s3.putObject({ Bucket: "builds", Key: `${place}/console.log`, Body });
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "BUILD",
      step: "ApplyBuildComponents",
      message: "the component failed",
    };
    const logged = build({ imageBuilder: { ...build().imageBuilder, logs: "s3://builds/logs" } });
    const failure = publishByImageBuilder(context, aws, logged);
    await expect(failure).rejects.toThrow(/console\.log:\n +line 20\n(.|\n)*line 39/u);
  });

  it("shows the end of the component's log from CloudWatch where the spec names no bucket", async () => {
    const s = await setting();
    const moto = await startMoto();
    onTestFinished(moto.stop);
    const env = { ...s.context.env, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: moto.endpoint };
    const context = { ...s.context, env };
    const credentials = { accessKeyId: "AKIAFAKE", secretAccessKey: "fake" };
    const logs = new CloudWatchLogs({ region: home, endpoint: moto.endpoint, credentials });
    const place = { logGroupName: "/aws/imagebuilder/igneous-mainnet-node", logStreamName: "1.0.0/1" };
    await logs.createLogGroup({ logGroupName: place.logGroupName });
    await logs.createLogStream(place);
    const timestamp = Date.now();
    const logEvents = Array.from({ length: 40 }, (_, line) => ({ timestamp, message: `line ${line}` }));
    await logs.putLogEvents({ ...place, logEvents });
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "BUILD",
      step: "ApplyBuildComponents",
      message: "the component failed",
    };
    const failure = publishByImageBuilder(context, openAws(context, { clock: s.sim.clock }), build());
    await expect(failure).rejects.toThrow(
      /the end of \/aws\/imagebuilder\/igneous-mainnet-node, 1\.0\.0\/1:\n +line 20\n(.|\n)*line 39$/u,
    );
    await expect(failure).rejects.toMatchObject({
      hint: "read the log: aws logs tail /aws/imagebuilder/igneous-mainnet-node --log-stream-names 1.0.0/1 --since 1d",
    });
  });

  it("tells of the failure also when the log may not be read, and of the action that it needs", async () => {
    const s = await setting();
    s.sim.faults.add({
      operation: "GetLogEvents",
      effect: { kind: "error", code: "AccessDeniedException", message: "no" },
    });
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "BUILD",
      step: "ApplyBuildComponents",
      message: "the component failed",
    };
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toThrow(
      /step ApplyBuildComponents: the component failed\n +its log cannot be read: logs:GetLogEvents in eu-central-1/u,
    );
  });

  it("publishes and records nothing of an image whose tests fail", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "TEST",
      step: "ApplyTestComponents",
      message: "usr-read-only: wanted an output that contains 'Read-only file system'",
    };
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toMatchObject({
      code: "image-builder-failed",
    });
    expect(s.sim.world.images.size).toBe(0);
  });

  it("keeps the regions that were reached, names the other one, and distributes again", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "DISTRIBUTION",
      step: "DistributeOutputAMI",
      message: "us-east-1: the account may not copy there",
      region: "us-east-1",
    };
    const { amis, failures } = await publishByImageBuilder(s.context, s.aws, build());
    expect(amis.map(({ region }) => region)).toEqual([home]);
    expect(failures).toEqual([
      expect.objectContaining({ region: "us-east-1", message: expect.stringContaining("may not copy") }),
    ]);
    const again = await publishByImageBuilder(s.context, s.aws, build());
    expect(again.failures).toEqual([]);
    expect(again.amis[0]).toEqual(amis[0]);
    expect(madeBy(s.sim).filter((name) => name.endsWith("Image"))).toEqual(["CreateImage", "RetryImage"]);
  });

  it("says that an image was cancelled", async () => {
    const s = await setting();
    s.sim.observe(({ operation }, phase) => {
      if (operation !== "ListWorkflowExecutions" || phase !== "after") return;
      for (const image of s.sim.world.imageBuilder.images.values()) image.cancelledAt = 1;
    });
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toThrow(/was cancelled/u);
  });

  it("says how the service-linked role is made", async () => {
    const s = await setting();
    s.sim.faults.add({
      operation: "CreateImage",
      effect: {
        kind: "error",
        code: "InvalidRequestException",
        message: "The service-linked role AWSServiceRoleForImageBuilder does not exist.",
      },
    });
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toMatchObject({
      hint: expect.stringContaining(
        "create-service-linked-role --aws-service-name imagebuilder.amazonaws.com",
      ),
    });
  });

  it("names the instance profile that does not exist, and the policies that it needs", async () => {
    const s = await setting();
    const wrong = build({ imageBuilder: { ...build().imageBuilder, instanceProfile: "nobody" } });
    await expect(publishByImageBuilder(s.context, s.aws, wrong)).rejects.toMatchObject({
      message: expect.stringContaining("nobody does not exist"),
      hint: expect.stringContaining("EC2InstanceProfileForImageBuilder"),
    });
  });

  it("says that a quota is used up", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.recipeQuota = 0;
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toMatchObject({
      code: "aws-quota",
    });
  });

  it("names the role that distribution needs", async () => {
    const s = await setting();
    await expect(distributeByImageBuilder(s.context, s.aws, build(), "ami-1")).rejects.toThrow(
      /names no role that may distribute/u,
    );
  });
});
