import { AutoScaling } from "@aws-sdk/client-auto-scaling";
import { EC2, type RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import { expect, onTestFinished } from "vitest";
import type { Aws } from "../../src/aws/apis.ts";
import { readFleet } from "../../src/aws/fleet-status-read.ts";
import { applyRollout } from "../../src/aws/rollout-apply.ts";
import { readForRollout } from "../../src/aws/rollout-read.ts";
import type { RolloutOutcome } from "../../src/aws/rollout-outcome.ts";
import { planRollout, refusePlan } from "../../src/aws/rollout-plan.ts";
import type { RolloutPlan } from "../../src/aws/rollout-plan-types.ts";
import type { RolloutRequest } from "../../src/aws/rollout-types.ts";
import { openAws } from "../../src/aws/session.ts";
import type { Context, Event } from "../../src/core/context.ts";
import type { FleetGroup } from "../fakes/aws/fleet.ts";
import { addGroup, addTemplate } from "../fakes/aws/fleet-groups.ts";
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

/** Makes an AMI be there. */
export function addImage(sim: Simulator, id: string, place = region): void {
  sim.world.images.set(id, {
    id,
    region: place,
    account: "111122223333",
    name: `image-${id}`,
    description: "",
    tags: new Map(),
    createdAt: 0,
    availableAt: 0,
    failure: undefined,
    snapshotId: "snap-0123456789abcdef0",
    fixed: {
      Architecture: "x86_64",
      VirtualizationType: "hvm",
      RootDeviceName: "/dev/xvda",
      RootDeviceType: "ebs",
    },
    mapping: { VolumeSize: 8, VolumeType: "gp3", DeleteOnTermination: true },
    source: undefined,
    permissions: [],
    deregisteredAt: undefined,
    deprecateAt: undefined,
    protection: "disabled",
    disabled: false,
  });
}

/** A simulator with an empty fleet. At the end no call may have broken AWS's models. */
export async function fleets(): Promise<Fleets> {
  const sim = await startSimulator();
  addImage(sim, oldImage);
  addImage(sim, newImage);
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

export const oldBuild = { id: `sha256:${"a".repeat(64)}`, amis: [{ region, amiId: oldImage }] };
export const newBuild = { id: `sha256:${"b".repeat(64)}`, amis: [{ region, amiId: newImage }] };

/** Rolls the new build out to groups, in the order given. */
export function request(groups: readonly string[], more: Partial<RolloutRequest> = {}): RolloutRequest {
  return {
    specName: "mainnet-node",
    target: { kind: "build", build: newBuild },
    groups: groups.map((name) => ({ name, region })),
    strategy: "replace",
    preferences: { instanceWarmup: 0 },
    builds: [newBuild, oldBuild],
    ...more,
  };
}

/** Reads the fleet and plans, as the command does. */
export async function planOf({ context, aws }: Fleets, wanted: RolloutRequest): Promise<RolloutPlan> {
  const { target, groups } = wanted;
  const images = target.kind === "build" ? target.build.amis : [target];
  return planRollout(await readFleet(context, aws, { groups, images }), wanted);
}

/** Plans and carries out, as the command does. */
export async function roll(world: Fleets, wanted: RolloutRequest): Promise<readonly RolloutOutcome[]> {
  const { context, aws } = world;
  const state = await readForRollout(context, aws, wanted);
  const plan = planRollout(state, wanted);
  refusePlan(plan, undefined);
  return applyRollout(context, aws, { state, plan, request: wanted });
}

/** Does something once so many minutes of virtual time have passed since now. */
export function after(world: Fleets, minutes: number, action: () => void): void {
  world.sim.clock.at(world.sim.clock.now() + minutes * 60_000, action);
}
