import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { Aws } from "../../src/aws/apis.ts";
import type { PublishBuild, PublishSpec } from "../../src/aws/publish-types.ts";
import { openAws } from "../../src/aws/session.ts";
import type { Context, Event } from "../../src/core/context.ts";
import { contentOf } from "../fakes/aws/ebs.ts";
import { type Simulator, startSimulator } from "../fakes/aws/simulator.ts";
import type { Image } from "../fakes/aws/world.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { block, type TestDisk, writeDisk } from "./disks.ts";

export interface Setting {
  readonly sim: Simulator;
  readonly context: Context & { readonly events: Event[] };
  readonly aws: Aws;
  readonly folder: string;
  /** A finished bake whose disk has the blocks that the words name. */
  readonly bake: (buildId: string, words: string, more?: Partial<PublishBuild>) => Promise<PublishBuild>;
}

export const home = "eu-central-1";

/** A simulator, a session with its virtual time, and a project folder. At the end no call may have broken AWS's models. */
export async function setting(publish: Partial<PublishSpec> = {}): Promise<Setting> {
  const sim = await startSimulator();
  const folder = await temporaryFolder();
  onTestFinished(async () => {
    await sim.stop();
    expect(sim.violations).toEqual([]);
  });
  const context = { ...testContext(), env: { PATH: process.env["PATH"], ...sim.env } };
  const bake = async (
    buildId: string,
    words: string,
    more: Partial<PublishBuild> = {},
  ): Promise<PublishBuild> => {
    const outputs = join(folder, buildId);
    await mkdir(outputs, { recursive: true });
    const disk: TestDisk = await writeDisk(join(outputs, "disk.img"), words);
    const { path, sha256, size } = disk;
    return {
      buildId,
      specName: "mainnet-node",
      disk: { path, sha256, size },
      publish: { regions: [home], ...publish },
      folder: outputs,
      ...more,
    };
  };
  return { sim, context, aws: openAws(context, { clock: sim.clock }), folder, bake };
}

/** Asserts that a volume made from a snapshot would hold the words' blocks. */
export function expectContent(sim: Simulator, snapshotId: string, words: string): void {
  const snapshot = sim.world.snapshots.get(snapshotId);
  if (snapshot === undefined) throw new Error(`no ${snapshotId}`);
  const content = contentOf(snapshot);
  const wanted = words.split(" ");
  const count = Math.max(wanted.length, ...content.keys());
  for (let index = 0; index < count; index++) {
    const data = content.get(index)?.data ?? block("0");
    expect(data.equals(block(wanted[index] ?? "0")), `block ${index}`).toBe(true);
  }
}

/** The images that nobody deregistered. */
export function liveImages({ sim }: Pick<Setting, "sim">): readonly Image[] {
  return [...sim.world.images.values()].filter(({ deregisteredAt }) => deregisteredAt === undefined);
}

/** Operations that were called, by name, in order, without reads when asked for. */
export function operations(sim: Simulator, changesOnly = false): readonly string[] {
  const names = sim.calls.map(({ operation }) => operation);
  return changesOnly ? names.filter((name) => !/^(Describe|Get|List)/u.test(name)) : names;
}
