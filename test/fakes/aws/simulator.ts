import { autoScalingHandlers } from "./auto-scaling.ts";
import { instanceRefreshHandlers } from "./auto-scaling-refresh.ts";
import { alarmHandlers } from "./cloudwatch.ts";
import { logHandlers } from "./cloudwatch-logs.ts";
import { ebsHandlers } from "./ebs.ts";
import { imageAttributeHandlers } from "./ec2-image-attributes.ts";
import { launchTemplateHandlers } from "./ec2-launch-templates.ts";
import { imageHandlers } from "./ec2-images.ts";
import { imageBuilderHandlers } from "./image-builder.ts";
import { imageBuilderConfigurationHandlers } from "./image-builder-configurations.ts";
import { imageBuilderImageHandlers } from "./image-builder-images.ts";
import { snapshotHandlers } from "./ec2-snapshots.ts";
import { imageUserHandlers } from "./ec2-users.ts";
import { rootVolumeHandlers, standbyHandlers } from "./root-volumes.ts";
import { type FakeServer, startFakeServer } from "./server.ts";
import { ssmHandlers } from "./ssm.ts";
import { ssmCommandHandlers } from "./ssm-commands.ts";
import { createWorld, type World } from "./world.ts";

export interface Simulator extends FakeServer {
  readonly world: World;
  /** The environment that points the AWS SDK and the aws command at the simulator. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts an AWS of our own on a free loopback port. */
export async function startSimulator(
  accounts: Readonly<Record<string, string>> = {},
  start?: number,
): Promise<Simulator> {
  const world = createWorld();
  const server = await startFakeServer({
    accounts,
    ...(start === undefined ? {} : { start }),
    services: () => ({
      ec2: {
        ...snapshotHandlers(world),
        ...imageHandlers(world),
        ...imageAttributeHandlers(world),
        ...imageUserHandlers(world),
        ...launchTemplateHandlers(world),
        ...rootVolumeHandlers(world),
      },
      ebs: ebsHandlers(world),
      imagebuilder: {
        ...imageBuilderHandlers(world),
        ...imageBuilderConfigurationHandlers(world),
        ...imageBuilderImageHandlers(world),
      },
      logs: logHandlers(),
      monitoring: alarmHandlers(world),
      ssm: { ...ssmHandlers(world), ...ssmCommandHandlers(world) },
      autoscaling: {
        ...autoScalingHandlers(world),
        ...instanceRefreshHandlers(world),
        ...standbyHandlers(world),
      },
    }),
  });
  const env = {
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: "AKIAFAKE",
    AWS_SECRET_ACCESS_KEY: "fake",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  return { ...server, world, env };
}
