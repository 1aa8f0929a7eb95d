import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inlineSink } from "../../src/ostree/file-sink.ts";
import type { ObjectChecksum } from "../../src/ostree/object.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { openThreadedSink } from "../../src/ostree/threaded-sink.ts";
import { withTransaction } from "../../src/ostree/transaction.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { putCommit } from "../../src/ostree/commit.ts";
import { writeTree } from "../../src/ostree/tree-write.ts";
import { importImages } from "../../src/commands/import.ts";
import { gzipLayer, imageOf, noise, plainLayer, tarOf, writeLayout } from "../fakes/oci-image.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const sizes = [0, 1, 65_535, 65_536, 200_000, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, 7_000_001];
const header = (index: number) => ({
  uid: index % 3,
  gid: 0,
  mode: 0o644,
  xattrs: index % 4 === 0 ? [{ name: "user.n", value: Uint8Array.of(index, 0, 255) }] : [],
});
const contents = [...sizes, ...Array.from({ length: 1500 }, (_, index) => 10 + (index % 700))].map(
  (size, index) => noise(size, `f${index % 1200}`),
);

describe("the threads that write objects", () => {
  for (const kind of ["an empty repo", "a repo that has half of the objects"] as const) {
    it(`store in ${kind} what one thread would, in any order, and ostree finds no fault`, async () => {
      const context = testContext();
      const folder = await temporaryFolder();
      const checksums: Record<string, ObjectChecksum[]> = {};
      for (const name of ["inline", "threaded"]) {
        const repo = await openRepo(context, join(folder, name), { fsync: false });
        const stored: ObjectChecksum[] = [];
        checksums[name] = stored;
        await withTransaction(context, repo, async ({ writer, publish }) => {
          if (kind !== "an empty repo")
            for (const [index, content] of contents.entries())
              if (index % 2 === 0) writer.putFile(header(index), content);
          const sink = name === "inline" ? inlineSink(writer) : await openThreadedSink(writer);
          // Twice, so that what was staged for the first is in place for the second.
          for (const half of [0, 1]) {
            for (const [index, content] of contents.entries()) {
              if (index % 2 !== half) continue;
              const file = sink.putFile(header(index), content.length, (sum) => void (stored[index] = sum));
              for (let at = 0; at < content.length; at += 300_000)
                file.write(content.subarray(at, at + 300_000));
              file.end();
            }
            sink.settle();
          }
          await sink.close();
          const files = stored.map(
            (checksum, index) => [`/${index}`, { kind: "stored-file", checksum }] as const,
          );
          const root = writeTree(repo, writer, treeOfPaths(files));
          if (root.kind !== "stored-directory") throw new Error("no directory");
          publish(putCommit(writer, root, { subject: "s" }), "test");
        });
        expect(
          execFileSync(requireTool("ostree"), ["fsck", `--repo=${repo.path}`], { encoding: "utf8" }),
        ).toContain("no errors");
        expect(readdirSync(join(repo.path, "tmp")).filter((file) => file.startsWith("igneous-"))).toEqual([]);
      }
      expect(checksums["threaded"]).toEqual(checksums["inline"]);
      expect(checksums["threaded"]).toHaveLength(contents.length);
    });
  }

  it("leave nothing in the repo of an image whose second layer is refused", async () => {
    const folder = await temporaryFolder();
    const good = plainLayer(await tarOf([{ name: "a", content: noise(6_000_000, "a") }]));
    const bad = gzipLayer(
      await tarOf([
        { name: "b", content: noise(6_000_000, "b") },
        { name: "../c", content: "c" },
      ]),
    );
    await writeLayout(join(folder, "layout"), { v1: imageOf([good, bad]) });
    const repo = join(folder, "repo");
    const context = testContext(join(folder, "cache"));
    await openRepo(context, repo, { fsync: false });
    const references = [`oci:${folder}/layout:v1`];
    await expect(importImages(context, { references, repo })).rejects.toMatchObject({
      code: "image-refused",
    });
    const left = readdirSync(join(repo, "objects"), { recursive: true, encoding: "utf8" });
    expect(left.filter((name) => name.includes("."))).toEqual([]);
  });
});
