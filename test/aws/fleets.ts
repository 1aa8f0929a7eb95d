import { AutoScaling } from "@aws-sdk/client-auto-scaling";
import { EC2, type RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import { expect, onTestFinished } from "vitest";
import type { Aws } from "../../src/aws/apis.ts";
import { openAws } from "../../src/aws/session.ts";
import type { Context, Event } from "../../src/core/context.ts";
import { addGroup, addTemplate, type FleetGroup } from "../fakes/aws/fleet.ts";
import { type Simulator, startSimulator } from "../fakes/aws/simulator.ts";
import type { LaunchTemplate } from "../fakes/aws/world.ts";
import { testContext } from "../tools.ts";

export const region = "eu-central-1";

export const templateData: RequestLaunchTemplateData = {
  ImageId: "ami-0aaaaaaaaaaaaaaa1",
  InstanceType: "m7i.large",
  UserData: Buffer.from('{"ignition":{"version":"3.3.0"}}').toString("base64"),
  SecurityGroupIds: ["sg-0123456789abcdef0"],
  IamInstanceProfile: { Name: "node" },
  BlockDeviceMappings: [{ DeviceName: "/dev/xvdb", Ebs: { VolumeSize: 1000, VolumeType: "gp3" } }],
  MetadataOptions: { HttpTokens: "optional", HttpPutResponseHopLimit: 2 },
  TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "team", Value: "nodes" }] }],
};

export const oldImage = "ami-0aaaaaaaaaaaaaaa1";
export const newImage = "ami-0bbbbbbbbbbbbbbb2";

export interface Fleets {
  readonly sim: Simulator;
  readonly context: Context & { readonly events: Event[] };
  readonly aws: Aws;
  /** Clients that do not go through igneous: other people who work on the same account. */
  readonly others: { readonly ec2: EC2; readonly autoScaling: AutoScaling };
  readonly group: (name: string, desired: number, more?: Partial<FleetGroup>) => FleetGroup;
  readonly template: (...versions: readonly RequestLaunchTemplateData[]) => LaunchTemplate;
}

/** A simulator with an empty fleet. At the end no call may have broken AWS's models. */
export async function fleets(): Promise<Fleets> {
  const sim = await startSimulator();
  onTestFinished(async () => {
    await sim.stop();
    expect(sim.violations).toEqual([]);
  });
  const context = { ...testContext(), env: { PATH: process.env["PATH"], ...sim.env } };
  const client = {
    region,
    endpoint: sim.endpoint,
    credentials: { accessKeyId: "AKIAOTHER", secretAccessKey: "other" },
    maxAttempts: 1,
  };
  const template = (...versions: readonly RequestLaunchTemplateData[]): LaunchTemplate =>
    addTemplate(sim.world, region, "nodes", ...(versions.length === 0 ? [templateData] : versions));
  return {
    sim,
    context,
    aws: openAws(context, { clock: sim.clock }),
    others: { ec2: new EC2(client), autoScaling: new AutoScaling(client) },
    template,
    group: (name, desired, more) => {
      const known = sim.world.launchTemplates.find(({ id }) => id === more?.template?.id);
      return addGroup(sim.world, known ?? template(), name, desired, more);
    },
  };
}

/** The version of every instance that is in the group, oldest first. */
export function versionsIn(group: FleetGroup): readonly string[] {
  return group.members
    .filter(({ lifecycle }) => lifecycle !== "Terminated")
    .map(({ templateVersion }) => templateVersion);
}
