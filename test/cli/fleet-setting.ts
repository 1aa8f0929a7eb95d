import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { nodePackages, toolPackages } from "../../src/base/package-lists.ts";
import { runProgram } from "../../src/cli/program.ts";
import { loadProject } from "../../src/commands/project.ts";
import { readLock, writeLock } from "../../src/lock/file.ts";
import type { Lock, LockedAmi, LockedBuild, LockedPackage } from "../../src/lock/schema.ts";
import { addImage, newImage, oldImage, region, templateData } from "../aws/fleets.ts";
import type { FleetGroup } from "../fakes/aws/fleet.ts";
import { addGroup, addTemplate } from "../fakes/aws/fleet-groups.ts";
import { type Simulator, startSimulator } from "../fakes/aws/simulator.ts";
import { digestOfDigit, hexOfDigit, sampleLock } from "../lock/sample-lock.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { testIo } from "./test-io.ts";

export interface Ran {
  readonly exit: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** What the person at the terminal types. */
  readonly answer?: string;
  readonly signal?: AbortSignal;
}

export interface FleetSetting {
  readonly sim: Simulator;
  readonly folder: string;
  readonly masters: FleetGroup;
  readonly workers: FleetGroup;
  /** Runs the command line on the project, over HTTP, while virtual time passes quickly. */
  readonly igneous: (argv: readonly string[], options?: RunOptions) => Promise<Ran>;
  readonly lock: () => Promise<Lock>;
}

const spec = (rollout: string): string => `schemaVersion: 1
name: mainnet-node
kubernetes: { version: 1.34.1 }
publish: { regions: [${region}] }
rollout:
  groups:
    - { name: workers, region: ${region}, role: worker }
    - { name: masters, region: ${region}, role: control-plane }
  instanceWarmup: 0
${rollout}`;

const ami = (amiId: string): LockedAmi => ({
  account: "111122223333",
  region,
  amiId,
  snapshotId: "snap-0123456789abcdef0",
  encrypted: false,
  blocks: { total: 10, nonZero: 5, changed: 5, sent: 5 },
});

export const oldId = digestOfDigit("a");
export const newId = digestOfDigit("b");

/** A project whose lock has two published builds, and groups of three masters and four workers that run the older one. */
export async function fleetSetting(rollout = ""): Promise<FleetSetting> {
  const sim = await startSimulator();
  addImage(sim, oldImage);
  addImage(sim, newImage);
  const template = addTemplate(sim.world, region, "nodes", templateData);
  const masters = addGroup(sim.world, template, "masters", 3);
  const workers = addGroup(sim.world, template, "workers", 4);
  // The program waits in real time, the simulator lives in virtual time.
  const pump = setInterval(() => sim.clock.advance(5000), 2);
  onTestFinished(async () => {
    clearInterval(pump);
    await sim.stop();
    expect(sim.violations).toEqual([]);
  });
  const folder = await temporaryFolder();
  await writeProject(folder, spec(rollout));
  const igneous: FleetSetting["igneous"] = async (argv, { answer, signal } = {}) => {
    const { io, seen } = testIo({
      ...(answer === undefined ? {} : { ask: () => Promise.resolve(answer) }),
      createContext: (emit) => {
        const context = testContext();
        return { ...context, emit, signal: signal ?? context.signal, env: { ...context.env, ...sim.env } };
      },
    });
    await runProgram(io, ["node", "igneous", ...argv, "-C", folder]);
    return { exit: seen.exit, stdout: seen.stdout, stderr: seen.stderr };
  };
  return { sim, folder, masters, workers, igneous, lock: () => readLock(folder) };
}

/** Writes a spec and a lock that matches it, with the builds that were published. */
export async function writeProject(folder: string, text: string): Promise<void> {
  await writeFile(join(folder, "igneous.yaml"), text);
  const { wanted } = await loadProject(folder);
  const [image] = sampleLock.images;
  const [build] = sampleLock.builds;
  if (image === undefined || build === undefined) throw new Error("an empty sample lock");
  const builds: readonly LockedBuild[] = [
    { ...build, id: newId, hostCommit: hexOfDigit("2"), amis: [ami(newImage)] },
    { ...build, id: oldId, hostCommit: hexOfDigit("1"), amis: [ami(oldImage)] },
  ];
  const packages = (names: readonly string[]): LockedPackage[] =>
    names.map((name) => ({
      name,
      version: "1",
      architecture: "amd64",
      size: 1,
      sha256: hexOfDigit("6"),
      filename: `pool/${name}.deb`,
    }));
  await writeLock(folder, {
    ...sampleLock,
    name: wanted.name,
    spec: wanted.spec,
    templates: { ...wanted.templates },
    images: wanted.references.map((reference) => ({ ...image, reference })),
    base: {
      suite: wanted.suite,
      requested: [...wanted.requestedPackages],
      packages: packages(nodePackages),
      tools: packages(toolPackages),
    },
    builds: [...builds],
  });
}
