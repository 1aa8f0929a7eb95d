import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { EC2 } from "@aws-sdk/client-ec2";
import { S3 } from "@aws-sdk/client-s3";
import { createHash, randomBytes } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { groupState } from "../../src/aws/fleet-status-group.ts";
import { makeVersion } from "../../src/aws/instance-refresh-start.ts";
import { noRetries } from "../../src/aws/retry.ts";
import { planRollout } from "../../src/aws/rollout-plan.ts";
import { groupKey } from "../../src/aws/rollout-types.ts";
import { openAws } from "../../src/aws/session.ts";
import { startMoto } from "../fakes/aws/moto.ts";
import { testContext } from "../tools.ts";
import { region, request, templateData } from "./fleets.ts";

/** Random, so that packing does not make it fit. */
const config = JSON.stringify({
  ignition: { version: "3.4.0" },
  storage: {
    files: [
      { path: "/etc/large", contents: { source: `data:;base64,${randomBytes(40_000).toString("base64")}` } },
    ],
  },
});

it("a launch config that EC2 cannot take is in S3, under its sha512, before a version on moto names it", async () => {
  const moto = await startMoto();
  onTestFinished(() => moto.stop());
  const env = { AWS_ENDPOINT_URL: moto.endpoint, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const context = { ...testContext(), env: { ...process.env, ...env } };
  const aws = openAws(context, { retries: noRetries });
  const client = {
    region,
    endpoint: moto.endpoint,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  };
  const ec2 = new EC2(client);
  const s3 = new S3({ ...client, forcePathStyle: true });
  await s3.createBucket({ Bucket: "launch", CreateBucketConfiguration: { LocationConstraint: region } });
  const { LaunchTemplate } = await ec2.createLaunchTemplate({
    LaunchTemplateName: "nodes",
    LaunchTemplateData: templateData,
  });
  const LaunchTemplateId = LaunchTemplate?.LaunchTemplateId ?? "";
  const key = groupKey({ name: "workers", region });
  const wanted = request(["workers"], {
    launchConfigs: { [key]: config },
    userDataStore: "s3://launch/nodes",
  });
  // moto knows no instance refreshes, so the group is as AWS would describe it.
  const template = {
    id: LaunchTemplateId,
    name: "nodes",
    pinned: "1",
    version: 1,
    latest: 1,
    defaultVersion: 1,
    data: templateData,
    latestData: templateData,
  };
  const described: AutoScalingGroup = {
    AutoScalingGroupName: "workers",
    MinSize: 0,
    MaxSize: 1,
    DesiredCapacity: 0,
    DefaultCooldown: 0,
    AvailabilityZones: [`${region}a`],
    HealthCheckType: "EC2",
    CreatedTime: new Date(0),
    LaunchTemplate: { LaunchTemplateId, Version: "1" },
  };
  const group = groupState(region, described, [], [], template);
  const state = { groups: [group], missing: [], images: [], alarms: [], failures: [], calls: 0 };
  const [plan] = planRollout(state, wanted).groups;
  if (plan === undefined) throw new Error("nothing is planned");
  const version = await makeVersion(aws, group, plan, wanted);

  const { LaunchTemplateVersions } = await ec2.describeLaunchTemplateVersions({
    LaunchTemplateId,
    Versions: [String(version)],
  });
  const userData = LaunchTemplateVersions?.[0]?.LaunchTemplateData?.UserData ?? "";
  const pointer = JSON.parse(Buffer.from(userData, "base64").toString());
  const hash = createHash("sha512").update(config).digest("hex");
  expect(pointer).toEqual({
    ignition: {
      version: "3.4.0",
      config: {
        replace: { source: `s3://launch/nodes/${hash}.ign`, verification: { hash: `sha512-${hash}` } },
      },
    },
  });
  const { Body } = await s3.getObject({ Bucket: "launch", Key: `nodes/${hash}.ign` });
  expect(await Body?.transformToString()).toBe(config);
});
