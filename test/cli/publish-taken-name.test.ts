import { expect, it } from "vitest";
import type { Image } from "../fakes/aws/world.ts";
import { expectInOrder, publishSetting } from "./publish-setting.ts";

const publish = ["publish", "--no-boot-test"];

/** Somebody else's AMI with the name that the sample's build gets. */
function nameHolder(id: string, region: string, createdAt: number): Image {
  return {
    id,
    region,
    account: "111122223333",
    name: "mainnet-node-777777777777",
    description: "",
    tags: new Map(),
    createdAt,
    availableAt: createdAt,
    failure: undefined,
    snapshotId: "snap-0f00000000000000f",
    fixed: { RootDeviceName: "/dev/xvda" },
    mapping: {},
    source: undefined,
    permissions: [],
    deregisteredAt: undefined,
    deprecateAt: undefined,
    protection: "disabled",
    disabled: false,
  };
}

it("an AMI name that somebody has in the second region: the first is done, the report says how to go on", async () => {
  const { sim, igneous, lock } = await publishSetting("{ regions: [eu-central-1, us-east-1] }");
  const foreign = nameHolder("ami-0f00000000000000f", "us-east-1", sim.clock.now());
  sim.world.images.set(foreign.id, foreign);
  const failed = await igneous(publish);
  expect(failed.exit, failed.stderr).toBe(1);
  const deregister = `aws ec2 deregister-image --region us-east-1 --image-id ${foreign.id}`;
  expectInOrder(failed.stderr, [`AMI ${foreign.id} in us-east-1 has the name`, "blocks to snap-"]);
  expectInOrder(failed.stdout, [
    "us-east-1  failed [aws-name-taken]",
    `AMI ${foreign.id} in us-east-1 has the name mainnet-node-777777777777`,
    "next: deregister that AMI",
    deregister,
    "go on with: igneous publish 777777777777",
  ]);
  expect((await lock()).builds[0]?.amis?.map(({ region }) => region)).toEqual(["eu-central-1"]);
  foreign.deregisteredAt = sim.clock.now();
  expect((await igneous(publish)).exit).toBe(0);
  expect((await lock()).builds[0]?.amis?.map(({ region }) => region)).toEqual(["eu-central-1", "us-east-1"]);
  expect([sim.world.snapshots.size, sim.world.images.size]).toEqual([2, 3]);
});
