import type { Context } from "../core/context.ts";
import { type CommitMetadata, encodeCommit } from "./commit-object.ts";
import type { CommitChecksum } from "./object.ts";
import type { ObjectWriter } from "./object-writer.ts";
import type { Repo } from "./repo.ts";
import { withTransaction } from "./transaction.ts";
import type { StoredDirectory, TreeNode } from "./tree.ts";
import { conflict } from "./tree.ts";
import { writeTree } from "./tree-write.ts";

export interface CommitOptions {
  /** Ref that names the commit when it is complete. */
  readonly ref?: string;
  readonly subject: string;
  readonly metadata?: CommitMetadata;
  /** Seconds since 1970; 0 when not given, so that equal trees give equal commits. */
  readonly timestamp?: number;
  readonly parent?: CommitChecksum;
}

/**
 * Commits a tree. Nothing is checked out: only the objects that the repo lacks are written, so the cost is that of
 * what changed. The checksum depends on the arguments alone, not on the repo, its mode, the machine or the time.
 */
export async function commitTree(
  context: Context,
  repo: Repo,
  tree: TreeNode,
  options: CommitOptions,
): Promise<CommitChecksum> {
  return withTransaction(context, repo, async ({ writer, publish }) => {
    const root = writeTree(repo, writer, tree);
    if (root.kind !== "stored-directory") throw conflict("/", "a directory", "a file");
    const commit = putCommit(writer, root, options);
    publish(commit, options.ref);
    return commit;
  });
}

/** Writes the commit object of a directory that is stored. */
export function putCommit(
  writer: ObjectWriter,
  root: StoredDirectory,
  options: CommitOptions,
): CommitChecksum {
  const { subject, metadata = {}, timestamp = 0, parent } = options;
  const fields = { tree: root.tree, meta: root.meta, subject, metadata, timestamp };
  return writer.putMetadata(
    "commit",
    encodeCommit({ ...fields, ...(parent === undefined ? {} : { parent }) }),
  ) as CommitChecksum;
}
