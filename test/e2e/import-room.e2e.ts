import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { importImages } from "../../src/commands/import.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { listRefs } from "../../src/ostree/ref.ts";
import { gzipLayer, imageOf, noise, tarOf, writeLayout } from "../fakes/oci-image.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

it("an import that fills the disk says how much it needs, names nothing, and goes on when there is room", async () => {
  const folder = await temporaryFolder();
  const small = join(folder, "small");
  mkdirSync(small);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", small]);
  onTestFinished(() => void execFileSync("umount", [small]));
  const files = Array.from({ length: 300 }, (_, index) => ({
    name: `f${index}`,
    content: Buffer.concat([noise(20_000, `f${index}`), Buffer.alloc(100_000)]),
  }));
  await writeLayout(join(folder, "layout"), { v1: imageOf([gzipLayer(await tarOf(files))]) });
  const repo = await openRepo(testContext(), join(small, "repo"));
  const references = [`oci:${folder}/layout:v1`];
  const run = () => importImages(testContext(join(folder, "cache")), { references, repo: repo.path });
  await expect(run()).rejects.toMatchObject({
    code: "disk-full",
    message: expect.stringMatching(
      /^no room left while writing .*\nthe content of 1 layer, packed, needs about 6/u,
    ),
  });
  expect(listRefs(repo, "ociimage")).toEqual([]);
  execFileSync("mount", ["-o", "remount,size=200m", small]);
  expect(await run()).toHaveLength(1);
  const fsck = execFileSync(requireTool("ostree"), ["fsck", `--repo=${repo.path}`], { encoding: "utf8" });
  expect(fsck).toContain("no errors");
});
