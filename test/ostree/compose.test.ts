import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importImages } from "../../src/commands/import.ts";
import { IgneousError } from "../../src/core/errors.ts";
import type { CommitChecksum } from "../../src/ostree/object.ts";
import { openRepo, type Repo } from "../../src/ostree/repo.ts";
import { listTree, readTreeFile } from "../../src/ostree/tree-read.ts";
import { imageOf, writeLayout } from "../fakes/oci-image.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";
import { arbitraryLayers, layerOf } from "./layer-arbitrary.ts";
import { type NaiveEntry, naiveTree } from "./naive-layers.ts";

const context = testContext();
type Layers = readonly (readonly NaiveEntry[])[];

async function importedTree(
  repo: Repo,
  layout: string,
  layers: Layers,
): Promise<ReadonlyMap<string, string> | undefined> {
  await writeLayout(layout, { v1: imageOf(layers.map(layerOf)) });
  try {
    const [imported] = await importImages(context, { references: [`oci:${layout}:v1`], repo: repo.path });
    return await treeOf(repo, imported?.commit);
  } catch (error) {
    if (error instanceof IgneousError && error.code === "image-refused") return undefined;
    throw error;
  }
}

async function treeOf(repo: Repo, commit: CommitChecksum | undefined): Promise<ReadonlyMap<string, string>> {
  if (commit === undefined) throw new Error("nothing was imported");
  const tree = new Map<string, string>();
  for (const entry of listTree(repo, commit)) {
    if (entry.path === "/") continue;
    const path = entry.path.slice(1);
    if (entry.kind === "directory") tree.set(path, `d${entry.mode.toString(8)}`);
    else if (entry.kind === "symlink") tree.set(path, `l${entry.target}`);
    else tree.set(path, `f${Buffer.from(await readTreeFile(context, repo, commit, entry.path)).toString()}`);
  }
  return new Map([...tree].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What umoci unpacks, or undefined when it refuses. */
function umociTree(layout: string, folder: string): ReadonlyMap<string, string> | undefined {
  rmSync(folder, { recursive: true, force: true });
  const rootless = process.getuid?.() === 0 ? [] : ["--rootless"];
  try {
    execFileSync(requireTool("umoci"), ["raw", "unpack", ...rootless, "--image", `${layout}:v1`, folder], {
      stdio: "ignore",
    });
  } catch {
    return undefined;
  }
  const tree: (readonly [string, string])[] = [];
  const walk = (path: string): void => {
    for (const name of readdirSync(join(folder, path))) {
      const child = path === "" ? name : `${path}/${name}`;
      const full = join(folder, child);
      const facts = lstatSync(full);
      if (facts.isDirectory()) {
        tree.push([child, `d${(facts.mode & 0o7777).toString(8)}`]);
        walk(child);
      } else if (facts.isSymbolicLink()) tree.push([child, `l${readlinkSync(full)}`]);
      else tree.push([child, `f${readFileSync(full, "utf8")}`]);
    }
  };
  walk("");
  return new Map(tree.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

describe("the tree of an image", () => {
  it("is that of the naive model, for any sequence of layers", { timeout: 300_000 }, async () => {
    const folder = await temporaryFolder();
    const repo = await openRepo(context, join(folder, "repo"), { fsync: false });
    let imported = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryLayers, async (layers) => {
        const layout = join(folder, "layout");
        rmSync(layout, { recursive: true, force: true });
        const naive = naiveTree(layers);
        if (naive !== undefined) imported++;
        expect(await importedTree(repo, layout, layers)).toEqual(naive);
      }),
      { numRuns: 150 },
    );
    expect(imported).toBeGreaterThan(20);
    expect(execFileSync("ostree", [`--repo=${repo.path}`, "fsck"], { encoding: "utf8" })).toContain(
      "no errors",
    );
  });

  it.each(["before", "after"])(
    "refuses to delete through a link of a lower layer that the same layer deletes %s it",
    async (order) => {
      const folder = await temporaryFolder();
      const repo = await openRepo(context, join(folder, "repo"), { fsync: false });
      const deletions: readonly NaiveEntry[] = [
        { kind: "opaque", path: "b" },
        { kind: "opaque", path: "b/link" },
      ];
      const layers: Layers = [
        [{ kind: "symlink", path: "b/link", target: "a" }],
        order === "before" ? deletions : deletions.toReversed(),
      ];
      expect(await importedTree(repo, join(folder, "layout"), layers)).toBeUndefined();
      expect(naiveTree(layers)).toBeUndefined();
    },
  );

  it("is what umoci unpacks, wherever umoci follows the same rules", { timeout: 300_000 }, async () => {
    const folder = await temporaryFolder();
    const repo = await openRepo(context, join(folder, "repo"), { fsync: false });
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryLayers.filter(isPlainForUmoci), async (layers) => {
        const layout = join(folder, "layout");
        rmSync(layout, { recursive: true, force: true });
        const ours = await importedTree(repo, layout, layers);
        const theirs = umociTree(layout, join(folder, "unpacked"));
        // Where either refuses there is nothing to compare; the naive model has judged our refusals.
        if (ours === undefined || theirs === undefined) return;
        compared++;
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 60 },
    );
    expect(compared).toBeGreaterThan(10);
  });
});

/** umoci writes through symlinks of the image (inside its root), and lets a deletion hit entries of its own layer. */
function isPlainForUmoci(layers: Layers): boolean {
  return layers.every((layer) => {
    const own = layer.filter(({ kind }) => kind !== "whiteout" && kind !== "opaque").map(({ path }) => path);
    const marks = layer
      .filter(({ kind }) => kind === "whiteout" || kind === "opaque")
      .map(({ path }) => path);
    const touches = marks.some((mark) =>
      own.some((path) => `${path}/`.startsWith(`${mark}/`) || `${mark}/`.startsWith(`${path}/`)),
    );
    return !touches && layer.every(({ kind }) => kind !== "symlink");
  });
}
