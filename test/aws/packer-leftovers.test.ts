import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { reportLeftovers } from "../../src/commands/packer-failure.ts";
import type { Event } from "../../src/core/context.ts";
import { baseAmi, startMotoWithBase } from "../e2e/packer-machine.ts";
import type { MotoFront } from "../fakes/aws/moto-front.ts";
import { testContext } from "../tools.ts";

const region = "eu-central-1";
const buildId = `sha256:${"1".repeat(64)}`;
const name = "packer_6b03654b-da4d-c590-e5ad-3774bc40af16";
let folder = "";
let moto: MotoFront;
let ec2: EC2;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "igneous-leftovers-"));
  moto = await startMotoWithBase(folder);
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  ec2 = new EC2({ region, endpoint: moto.behind, credentials, maxAttempts: 1 });
});

afterAll(async () => {
  ec2.destroy();
  await moto.stop();
  await rm(folder, { recursive: true });
});

async function reported(templates: readonly string[]): Promise<Event | undefined> {
  const context = testContext();
  const env = { AWS_ENDPOINT_URL: moto.endpoint, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const traces = { instances: [], names: [name], templates, sourceAmi: undefined };
  await reportLeftovers({ ...context, env: { ...context.env, ...env } }, { buildId, region, traces });
  return context.events.at(-1);
}

it("names each thing that a run of Packer left, until it is gone, and nobody else's", async () => {
  const Tags = [{ Key: "igneous:build", Value: buildId }];
  const other = [{ Key: "igneous:build", Value: "sha256:other" }];
  const launch = async (tags: typeof Tags): Promise<string> => {
    const TagSpecifications = [{ ResourceType: "instance" as const, Tags: tags }];
    const { Instances = [] } = await ec2.runInstances({
      ImageId: baseAmi,
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications,
    });
    return Instances[0]?.InstanceId ?? "";
  };
  await launch(other);
  const instance = await launch(Tags);
  const { VolumeId = "" } = await ec2.createVolume({
    AvailabilityZone: `${region}a`,
    Size: 1,
    TagSpecifications: [{ ResourceType: "volume", Tags }],
  });
  const { SnapshotId = "" } = await ec2.createSnapshot({
    VolumeId,
    TagSpecifications: [{ ResourceType: "snapshot", Tags }],
  });
  await ec2.createKeyPair({ KeyName: name });
  await ec2.createKeyPair({ KeyName: "packer_other" });
  const { GroupId = "" } = await ec2.createSecurityGroup({ GroupName: name, Description: "of Packer" });
  const { LaunchTemplate } = await ec2.createLaunchTemplate({
    LaunchTemplateName: "packer-fleet-launch-template-a1B2c3D",
    LaunchTemplateData: { ImageId: baseAmi },
  });
  const template = LaunchTemplate?.LaunchTemplateId ?? "";

  expect(await reported([template])).toEqual({
    type: "warning",
    message:
      `packer left in ${region}: instance ${instance}, volume ${VolumeId}, snapshot ${SnapshotId}, ` +
      `key pair ${name}, security group ${GroupId}, launch template ${template}`,
    hint: expect.stringContaining("igneous gc"),
  });

  await ec2.terminateInstances({ InstanceIds: [instance] });
  await ec2.deleteSnapshot({ SnapshotId });
  await ec2.deleteVolume({ VolumeId });
  await ec2.deleteKeyPair({ KeyName: name });
  await ec2.deleteSecurityGroup({ GroupId });
  await ec2.deleteLaunchTemplate({ LaunchTemplateId: template });
  expect(await reported([template])).toEqual({
    type: "note",
    message: `packer left nothing behind in ${region}`,
  });
});
