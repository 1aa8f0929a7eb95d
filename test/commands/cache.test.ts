import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { testIo } from "../cli/test-io.ts";
import { temporaryFolder, testContext } from "../tools.ts";

it("cache shows what bakes keep besides blobs, and prune leaves that alone", async () => {
  const cacheDir = await temporaryFolder();
  await mkdir(join(cacheDir, "debs"));
  await writeFile(join(cacheDir, "debs/a.deb"), "x".repeat(100_000));
  const { io, seen } = testIo({ createContext: (emit) => ({ ...testContext(cacheDir), emit }) });
  await runProgram(io, ["node", "igneous", "cache"]);
  expect(seen.stdout).toMatch(/^0 blobs, 0 B in .*\ndebs +1\d\d kB +Debian packages of all locks/u);
  await runProgram(io, ["node", "igneous", "cache", "--prune", "--keep-days", "0"]);
  expect(seen.stdout).toContain("removed 0 blobs");
});
