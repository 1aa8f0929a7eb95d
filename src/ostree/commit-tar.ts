import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Refuse } from "../oci/tar-entry.ts";
import { createTarReader } from "../oci/tar-reader.ts";
import { type CommitOptions, putCommit } from "./commit.ts";
import { applyLayer, CompositionError, emptyTree } from "./compose.ts";
import { writeImageTree } from "./image-write.ts";
import { inlineSink } from "./file-sink.ts";
import { createLayerScan } from "./layer-scan.ts";
import type { CommitChecksum } from "./object.ts";
import type { Repo } from "./repo.ts";
import { withTransaction } from "./transaction.ts";

/**
 * Commits the tree in a tar archive that a program of ours writes, while it is written. Device nodes are left out, as
 * OSTree has none. `isComplete` is asked before the commit is named: an archive that just ends early must not count.
 */
export async function commitTar(
  context: Context,
  repo: Repo,
  archive: AsyncIterable<Buffer>,
  isComplete: () => Promise<unknown>,
  options: CommitOptions,
): Promise<CommitChecksum> {
  const refuse: Refuse = (path, reason) =>
    new IgneousError("tree-conflict", `${path ?? "the archive"} cannot be committed: ${reason}`);
  return withTransaction(context, repo, async ({ writer, publish }) => {
    const scan = createLayerScan(writer, inlineSink(writer), refuse);
    const reader = createTarReader(scan.onEntry, refuse);
    for await (const chunk of archive) reader.push(chunk);
    await isComplete();
    reader.end();
    if (scan.entries.length === 0) throw refuse(undefined, "it is empty");
    const root = emptyTree();
    try {
      applyLayer(root, scan.entries);
    } catch (error) {
      throw error instanceof CompositionError ? refuse(error.path, error.message) : error;
    }
    const commit = putCommit(writer, writeImageTree(writer, root), options);
    publish(commit, options.ref);
    return commit;
  });
}
