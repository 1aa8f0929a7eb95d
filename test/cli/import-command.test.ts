import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { gzipLayer, imageOf, tarOf, writeLayout } from "../fakes/oci-image.ts";
import { temporaryFolder } from "../tools.ts";
import { testIo } from "./test-io.ts";

describe("igneous import", () => {
  it("--layer-limit decides what a layer may grow to", async () => {
    const folder = await temporaryFolder();
    const layer = gzipLayer(await tarOf([{ name: "zeros", content: Buffer.alloc(3_000_000) }]));
    await writeLayout(join(folder, "layout"), { v1: imageOf([layer]) });
    const run = async (limit: string) => {
      const test = testIo();
      const argv = [
        "import",
        `oci:${folder}/layout:v1`,
        "--repo",
        join(folder, "repo"),
        "--layer-limit",
        limit,
      ];
      await runProgram(test.io, ["node", "igneous", ...argv]);
      return test.seen;
    };
    const refused = await run("2MB");
    expect(refused.stderr).toMatch(/grow beyond 2000000 bytes[\s\S]*run: igneous import --layer-limit 2GiB/u);
    expect(refused.exit).toBe(4);
    expect((await run("4MiB")).exit).toBe(0);
    expect(await run("many")).toMatchObject({ exit: 2, stderr: expect.stringContaining("wanted a size") });
  });
});
