import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { formatLock } from "../../src/lock/format.ts";
import type { Lock } from "../../src/lock/schema.ts";
import { writeDisk } from "../aws/disks.ts";
import { type Simulator, startSimulator } from "../fakes/aws/simulator.ts";
import { sampleLock } from "../lock/sample-lock.ts";
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
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface PublishSetting {
  readonly sim: Simulator;
  readonly folder: string;
  readonly disk: string;
  /** Runs the command line on the project, over HTTP, while virtual time passes quickly. */
  readonly igneous: (argv: readonly string[], options?: RunOptions) => Promise<Ran>;
  readonly lock: () => Promise<Lock>;
}

/** A project whose one build is baked, with this `publish:` section. */
export async function publishSetting(publish: string): Promise<PublishSetting> {
  // What is made there is old in the program's eyes, which go by this machine's clock.
  const sim = await startSimulator({}, Date.UTC(2025, 0, 1));
  onTestFinished(async () => {
    await sim.stop();
    expect(sim.violations).toEqual([]);
  });
  const folder = await temporaryFolder();
  const outputs = join(folder, ".igneous", "builds", "7".repeat(12));
  await mkdir(outputs, { recursive: true });
  const disk = join(outputs, "disk.img");
  const { sha256, size } = await writeDisk(disk, "a 0 b");
  const builds = sampleLock.builds.map((build) => ({ ...build, disk: { sha256: sha256 as never, size } }));
  const lockFile = join(folder, "images.lock.json");
  const spec = `schemaVersion: 1\nname: mainnet-node\nkubernetes: { version: 1.34.1 }\npublish: ${publish}\n`;
  await writeFile(join(folder, "igneous.yaml"), spec);
  await writeFile(lockFile, formatLock({ ...sampleLock, builds }));
  // The program waits in real time, the simulator's AMIs become ready in virtual time.
  const pump = setInterval(() => sim.clock.advance(60_000), 50);
  onTestFinished(() => clearInterval(pump));
  const igneous = async (
    argv: readonly string[],
    { answer, env = sim.env }: RunOptions = {},
  ): Promise<Ran> => {
    const { io, seen } = testIo({
      createContext: (emit) => ({ ...testContext(), emit, env: { ...testContext().env, ...env } }),
      ...(answer === undefined ? {} : { ask: () => Promise.resolve(answer) }),
    });
    await runProgram(io, ["node", "igneous", ...argv, "-C", folder]);
    return seen;
  };
  const lock = async (): Promise<Lock> => JSON.parse(await readFile(lockFile, "utf8")) as Lock;
  return { sim, folder, disk, igneous, lock };
}

/** Asserts that a text has the parts one after the other. */
export function expectInOrder(text: string, parts: readonly string[]): void {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    expect(at, `'${part}' in: ${text}`).toBeGreaterThanOrEqual(from);
    from = at;
  }
}
