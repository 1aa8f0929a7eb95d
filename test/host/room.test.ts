import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diskFull } from "../../src/host/files.ts";
import { withRoom } from "../../src/host/room.ts";
import { temporaryFolder } from "../tools.ts";

describe("withRoom", () => {
  it("refuses work for which there is no room before it begins, with what it needs and what there is", async () => {
    const folder = join(await temporaryFolder(), "not/there/yet");
    let begun = false;
    const work = withRoom([{ folder, bytes: 1e18, what: "the work" }], () => {
      begun = true;
      return Promise.resolve();
    });
    await expect(work).rejects.toMatchObject({
      code: "disk-full",
      message: expect.stringMatching(
        /^the work needs about 1000000 TB in .*\/not\/there\/yet; .* (?:GB|TB|MB) are free$/u,
      ),
    });
    expect(begun).toBe(false);
  });

  it("says what the work needs when the room runs out on the way", async () => {
    const folder = await temporaryFolder();
    const work = withRoom([{ folder, bytes: 1e6, what: "the work" }], () =>
      writeFile("/dev/full", "x").catch((error: unknown) => {
        throw diskFull(error, "/dev/full");
      }),
    );
    await expect(work).rejects.toMatchObject({
      code: "disk-full",
      message: expect.stringMatching(
        /^no room left while writing \/dev\/full\nthe work needs about 1.0 MB in .*; .* were free when it began$/u,
      ),
    });
  });
});
