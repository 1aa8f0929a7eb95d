import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { formatLock } from "../../src/lock/format.ts";
import { writeDisk } from "../aws/disks.ts";
import { startSimulator } from "../fakes/aws/simulator.ts";
import { digestOfDigit, sampleLock } from "../lock/sample-lock.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { testIo } from "./test-io.ts";

const spec =
  "schemaVersion: 1\nname: mainnet-node\nkubernetes: { version: 1.34.1 }\npublish: { regions: [eu-central-1], protect: true }\n";

describe("publish, status, gc, iam-policy and verify --remote, as the command line over HTTP", () => {
  it("publish records its AMIs in the lock, and a second one changes nothing", async () => {
    const sim = await startSimulator();
    onTestFinished(() => sim.stop());
    const folder = await temporaryFolder();
    const outputs = join(folder, ".igneous", "builds", "7".repeat(12));
    await mkdir(outputs, { recursive: true });
    const { sha256, size } = await writeDisk(join(outputs, "disk.img"), "a 0 b");
    const builds = sampleLock.builds.map((build) => ({ ...build, disk: { sha256: sha256 as never, size } }));
    const lockFile = join(folder, "images.lock.json");
    await writeFile(join(folder, "igneous.yaml"), spec);
    await writeFile(lockFile, formatLock({ ...sampleLock, builds }));
    // The program waits in real time, the simulator's AMIs become ready in virtual time.
    const pump = setInterval(() => sim.clock.advance(60_000), 100);
    onTestFinished(() => clearInterval(pump));
    const igneous = async (...argv: readonly string[]) => {
      const { io, seen } = testIo({
        createContext: (emit) => ({ ...testContext(), emit, env: { ...testContext().env, ...sim.env } }),
      });
      await runProgram(io, ["node", "igneous", ...argv, "-C", folder, "--json"]);
      return { exit: seen.exit, data: seen.stdout === "" ? undefined : JSON.parse(seen.stdout) };
    };

    expect((await igneous("publish", "--dry-run")).data.calls[0].operation).toBe("StartSnapshot");
    expect(sim.calls).toEqual([]);
    expect(await igneous("publish", "--no-boot-test")).toMatchObject({
      exit: 0,
      data: { failures: [], changed: true },
    });
    const written = await readFile(lockFile, "utf8");
    const [ami] = JSON.parse(written).builds[0].amis;
    expect(ami).toMatchObject({ region: "eu-central-1", blocks: { total: 3, nonZero: 2, sent: 2 } });
    expect((await igneous("status")).data.builds).toMatchObject([
      { buildId: digestOfDigit("7"), amis: [{ amiId: ami.amiId, state: "available" }] },
    ]);
    expect(await igneous("verify", "--remote")).toMatchObject({ exit: 0, data: { drift: [] } });
    expect((await igneous("gc", "--dry-run")).data.plan).toMatchObject({ remove: [], failures: [] });
    expect(await igneous("publish", "--no-boot-test")).toMatchObject({ exit: 0, data: { changed: false } });
    expect(await readFile(lockFile, "utf8")).toBe(written);
    expect((await igneous("iam-policy", "publish")).data.Version).toBe("2012-10-17");
    expect((await igneous("iam-policy", "publsh")).exit).toBe(2);
    const image = sim.world.images.get(ami.amiId);
    if (image !== undefined) image.protection = "disabled";
    expect((await igneous("verify", "--remote")).exit).toBe(4);
    expect(sim.violations).toEqual([]);
  });
});
