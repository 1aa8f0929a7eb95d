import { cp, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ObjectStore } from "../../src/core/object-store.ts";
import { run } from "../../src/host/exec.ts";
import { openFolderStore } from "../../src/host/folder-store.ts";
import { objectPath, openRepo } from "../../src/ostree/repo.ts";
import { publishStatic } from "../../src/ostree/static-publish.ts";
import { findDelta, deltaFolder } from "../../src/ostree/static-delta.ts";
import { requireTool, testContext } from "../tools.ts";
import { readOverHttps, type TwoCommits, twoCommits } from "./published-repo.ts";

const context = testContext();

interface Setting extends TwoCommits {
  readonly target: string;
  readonly store: ObjectStore;
}

async function setting(): Promise<Setting> {
  requireTool("ostree");
  const commits = await twoCommits();
  const target = join(commits.folder, "www");
  await openRepo(context, target);
  return { ...commits, target, store: openFolderStore(context, target) };
}

/** A store that fails at the n-th file, as if the process had been killed there. */
function endingAt(store: ObjectStore, count: number): ObjectStore {
  let left = count;
  return {
    ...store,
    put: async (...args) => {
      if (left-- <= 0) throw new Error("killed");
      await store.put(...args);
    },
  };
}

describe("a published repo", () => {
  it("is pulled whole over https by checksum and by ref, and fsck finds nothing", async () => {
    const { repo, store, target, first } = await setting();
    const done = await publishStatic(context, repo, store, {
      commit: first,
      ref: "igneous/n/1",
      from: undefined,
    });
    expect(done).toMatchObject({ isChanged: true, deltaBytes: null, sent: done.objects });
    const { ostree } = await readOverHttps(target);
    await ostree("pull", "web", first);
    await ostree("fsck");
    await ostree("pull", "web", "igneous/n/1");
    expect((await ostree("rev-parse", "web:igneous/n/1")).trim()).toBe(first);
    expect(await ostree("remote", "refs", "web")).toBe("web:igneous/n/1\n");
  });

  it("sends a machine that has the predecessor a delta, and few objects", async () => {
    const { repo, store, target, first, second } = await setting();
    await publishStatic(context, repo, store, { commit: first, ref: "igneous/n/1", from: undefined });
    const done = await publishStatic(context, repo, store, {
      commit: second,
      ref: "igneous/n/2",
      from: first,
    });
    expect(done.sent).toBeLessThan(10);
    expect(done.deltaBytes).toBeGreaterThan(0);
    const { ostree, asked } = await readOverHttps(target);
    await ostree("pull", "web", first);
    const before = asked.length;
    await ostree("pull", "web", second);
    await ostree("fsck");
    const later = asked.slice(before);
    expect(later.filter((path) => path.startsWith(`/${deltaFolder(first, second)}/`)).length).toBeGreaterThan(
      1,
    );
    expect(later).toContain(`/${deltaFolder(first, second)}/0`);
    // The large file comes as a whole; ostree may ask for the small one, too, when it meets its folder before the delta's part is there.
    const files = later.filter((path) => path.endsWith(".filez"));
    expect(files.length === 1 || files.length === 2, files.join(" ")).toBe(true);
    expect(await ostree("cat", second, "/usr/bin/program")).toContain("two some words");
  });

  it("is compressed, though the repo of the bake is not", async () => {
    const { repo, store, target, second } = await setting();
    const done = await publishStatic(context, repo, store, { commit: second, ref: "r", from: undefined });
    expect(done.sentBytes).toBeLessThan(1_000_000);
    const { stdout } = await run(context, [requireTool("ostree"), "fsck", `--repo=${target}`]);
    expect(stdout).toContain("object");
  });

  it("changes nothing when it is published again, and mends what a power cut emptied", async () => {
    const { repo, store, target, first, second } = await setting();
    const wanted = { commit: second, ref: "r", from: first };
    await publishStatic(context, repo, store, wanted);
    const summary = await readFile(join(target, "summary"));
    const again = await publishStatic(context, repo, store, wanted);
    expect(again).toMatchObject({ isChanged: false, sent: 0, sentBytes: 0 });
    expect(await readFile(join(target, "summary"))).toEqual(summary);
    await truncate(objectPath(await openRepo(context, target), "commit", second), 0);
    expect(await publishStatic(context, repo, store, wanted)).toMatchObject({ isChanged: true, sent: 1 });
  });

  it("stopped after any file, serves what it served before, and the next run completes it", async () => {
    const { folder, repo, store, target, first, second } = await setting();
    await publishStatic(context, repo, store, { commit: first, ref: "igneous/n/1", from: undefined });
    for (const count of [2, 8, 9, 10, 11]) {
      const copy = join(folder, `copy-${count}`);
      await cp(target, copy, { recursive: true });
      const partly = openFolderStore(context, copy);
      const wanted = { commit: second, ref: "igneous/n/2", from: first };
      await publishStatic(context, repo, endingAt(partly, count), wanted).catch(() => undefined);
      const reader = await readOverHttps(copy);
      await reader.ostree("pull", "web", "igneous/n/1");
      const offered = (await reader.ostree("remote", "refs", "web")).includes("igneous/n/2");
      if (offered) await reader.ostree("pull", "web", "igneous/n/2");
      await publishStatic(context, repo, partly, wanted);
      await reader.ostree("pull", "web", "igneous/n/2");
      await reader.ostree("fsck");
    }
  }, 120_000);

  it("names deltas as ostree does", async () => {
    const { first, second } = await setting();
    expect(findDelta(`${deltaFolder(first, second)}/superblock`)).toEqual({ from: first, to: second });
    expect(findDelta("deltas/superblock")).toBeUndefined();
  });
});
