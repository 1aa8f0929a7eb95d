import { execFileSync } from "node:child_process";
import { chmod, link, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { start } from "../../src/host/exec.ts";
import { commitTar } from "../../src/ostree/commit-tar.ts";
import { findRef } from "../../src/ostree/ref.ts";
import { openRepo, type Repo } from "../../src/ostree/repo.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const context = testContext();

async function setting(): Promise<{ readonly repo: Repo; readonly tree: string }> {
  const folder = await temporaryFolder();
  const tree = join(folder, "tree");
  await mkdir(join(tree, "usr/bin"), { recursive: true });
  await writeFile(join(tree, "usr/bin/tool"), "#!/bin/sh\n");
  await chmod(join(tree, "usr/bin/tool"), 0o4755);
  await link(join(tree, "usr/bin/tool"), join(tree, "usr/bin/same"));
  await symlink("usr/bin", join(tree, "bin"));
  await writeFile(join(tree, "big"), Buffer.alloc(3_000_000, "x"));
  return { tree, repo: await openRepo(context, join(folder, "repo")) };
}

const options = { ref: "test/tar", subject: "tar" };

describe("commitTar", () => {
  it("commits what tar writes, as ostree itself sees it", async () => {
    const { repo, tree } = await setting();
    const tar = start(context, [
      "tar",
      "-C",
      tree,
      "--owner=0",
      "--group=0",
      "--mtime=@0",
      "--sort=name",
      "-c",
      ".",
    ]);
    const commit = await commitTar(
      context,
      repo,
      tar.stdout as AsyncIterable<Buffer>,
      () => tar.done,
      options,
    );
    const ostree = (...argv: string[]): string =>
      execFileSync(requireTool("ostree"), [`--repo=${repo.path}`, ...argv], { encoding: "utf8" });
    expect(ostree("fsck")).toContain("no errors found");
    expect(ostree("rev-parse", "test/tar").trim()).toBe(commit);
    const listing = ostree("ls", "-R", commit);
    expect(listing).toMatch(/^-04755 0 0 +10 \/usr\/bin\/same$/mu);
    expect(listing).toMatch(/^-04755 0 0 +10 \/usr\/bin\/tool$/mu);
    expect(listing).toMatch(/^l00777 0 0 +0 \/bin -> usr\/bin$/mu);
    expect(listing).toMatch(/ 3000000 \/big$/mu);
  });

  it("names nothing when the program that writes the archive fails, or the archive just ends", async () => {
    const { repo, tree } = await setting();
    for (const script of ["tar -C $0 -c . ; exit 3", "tar -C $0 -c . | head -c 5000", "true"]) {
      const broken = start(context, ["sh", "-c", script, tree]);
      const archive = broken.stdout as AsyncIterable<Buffer>;
      await expect(commitTar(context, repo, archive, () => broken.done, options)).rejects.toMatchObject({
        name: "IgneousError",
      });
      expect(await findRef(repo, "test/tar")).toBeUndefined();
    }
  });
});
