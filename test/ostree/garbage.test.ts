import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importGc, importImages } from "../../src/commands/import.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import { listRefs, resolveRef } from "../../src/ostree/ref.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { readTreeFile, subtree } from "../../src/ostree/tree-read.ts";
import { gzipLayer, imageOf, noise, tarOf, writeLayout } from "../fakes/oci-image.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const context = testContext();

describe("import --gc", () => {
  it("removes what no image needs any more, and nothing that another commit holds", async () => {
    const folder = await temporaryFolder();
    const repo = await openRepo(context, join(folder, "repo"), { fsync: false });
    const layer = async (name: string) => gzipLayer(await tarOf([{ name, content: noise(50_000, name) }]));
    const [shared, old, kept] = [await layer("shared"), await layer("old"), await layer("kept")];
    await writeLayout(join(folder, "images"), { v1: imageOf([shared, old, kept]) });
    const reference = `oci:${folder}/images:v1`;
    const [first] = await importImages(context, { references: [reference], repo: repo.path });
    const oldCommit = await resolveRef(repo, first?.commit ?? "");
    const graft = treeOfPaths([["/kept", subtree(repo, oldCommit, "/kept")]]);
    const payload = await commitTree(context, repo, graft, { subject: "payload" });
    mkdirSync(join(repo.path, "tmp", "igneous-999999999-dead"));

    await writeLayout(join(folder, "images"), { v1: imageOf([shared]) });
    await importImages(context, { references: [reference], repo: repo.path });
    const planned = await importGc(context, { repo: repo.path, dryRun: true });
    const result = await importGc(context, { repo: repo.path });

    expect(planned.layers).toEqual(result.layers);
    expect(result.layers).toHaveLength(2);
    expect(listRefs(repo, "ociimage/layer")).toHaveLength(1);
    expect(result.objects).toBeGreaterThan(0);
    await expect(resolveRef(repo, oldCommit)).rejects.toMatchObject({ code: "ref-not-found" });
    expect(await readTreeFile(context, repo, payload, "/kept")).toEqual(noise(50_000, "kept"));
    const argv = [`--repo=${repo.path}`, "fsck"];
    expect(execFileSync(requireTool("ostree"), argv, { encoding: "utf8" })).toContain("no errors");
    const objects = execFileSync("find", [join(repo.path, "objects"), "-name", "*.filez"], {
      encoding: "utf8",
    });
    expect(objects.trim().split("\n")).toHaveLength(2);
    expect(execFileSync("ls", [join(repo.path, "tmp")], { encoding: "utf8" })).not.toContain("dead");
    const again = await importImages(context, { references: [reference], repo: repo.path });
    expect(again[0]?.layers).toHaveLength(1);
  });
});
