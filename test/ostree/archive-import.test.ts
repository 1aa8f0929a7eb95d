import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../src/core/digest.ts";
import { openLayout } from "../../src/oci/layout.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { resolveImage } from "../../src/oci/resolve.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import { findArchiveFile, importArchive } from "../../src/ostree/archive-import.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const name = "registry.k8s.io/pause:3.10";

/** An image of one file, made by skopeo from a docker-less layout that umoci wrote. */
async function sampleLayout(): Promise<string> {
  const umoci = requireTool("umoci");
  const folder = await temporaryFolder();
  const layout = join(folder, "pause");
  execFileSync(umoci, ["init", "--layout", layout]);
  execFileSync(umoci, ["new", "--image", `${layout}:3.10`]);
  const tar = pack();
  tar.entry({ name: "pause", mode: 0o755 }, "#!/bin/true\n");
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(Buffer.from(chunk));
  writeFileSync(join(folder, "layer.tar"), Buffer.concat(chunks));
  execFileSync(umoci, ["raw", "add-layer", "--image", `${layout}:3.10`, join(folder, "layer.tar")]);
  return layout;
}

describe("importArchive", () => {
  it("stores an OCI archive that skopeo reads under the full name, with the same digest", async () => {
    const layout = await sampleLayout();
    const context = testContext();
    const folder = await temporaryFolder();
    const repo = await openRepo(context, join(folder, "repo"), { fsync: false });
    const source = await openLayout(layout);
    const reference = parseReference(`oci:${layout}:3.10`);
    const image = await resolveImage(source, reference, "linux/amd64");

    const stored = await importArchive(context, repo, image, { source, name });
    expect(await findArchiveFile(repo, image, name)).toEqual(stored);

    const commit = await commitTree(context, repo, treeOfPaths([["/a.tar", stored]]), { subject: "t" });
    const archive = join(folder, "a.tar");
    execFileSync("sh", ["-c", `ostree cat --repo=${repo.path} ${commit} /a.tar > ${archive}`]);
    const inspected = execFileSync(requireTool("skopeo"), [
      "inspect",
      "--raw",
      `oci-archive:${archive}:${name}`,
    ]);
    expect(digestOf(inspected)).toBe(image.manifestDigest);
  });

  it("refuses a layer whose bytes are not those of its digest, and stores nothing", async () => {
    const layout = await sampleLayout();
    const context = testContext();
    const repo = await openRepo(context, join(await temporaryFolder(), "repo"), { fsync: false });
    const source = await openLayout(layout);
    const image = await resolveImage(source, parseReference(`oci:${layout}:3.10`), "linux/amd64");
    const [layer] = image.layers;
    writeFileSync(
      join(layout, "blobs", "sha256", layer?.digest.slice(7) ?? ""),
      Buffer.alloc(layer?.size ?? 0, 1),
    );
    const failure = importArchive(context, repo, image, { source, name });
    await expect(failure).rejects.toMatchObject({ code: "blob-digest-mismatch" });
    expect(await findArchiveFile(repo, image, name)).toBeUndefined();
  });
});
