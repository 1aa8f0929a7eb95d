import type { Context } from "../core/context.ts";
import { digestHex } from "../core/digest.ts";
import { packArchive } from "../oci/archive.ts";
import { readStream } from "../host/read-file.ts";
import type { ImageSource } from "../oci/image-source.ts";
import type { ResolvedImage } from "../oci/resolve.ts";
import { putCommit } from "./commit.ts";
import { findRef } from "./ref.ts";
import type { Repo } from "./repo.ts";
import { withTransaction } from "./transaction.ts";
import { type StoredFile, treeOfPaths } from "./tree.ts";
import { subtree } from "./tree-read.ts";
import { writeTree } from "./tree-write.ts";

const path = "/image.tar";

function archiveRef(image: Pick<ResolvedImage, "manifestDigest">, name: string): string {
  return `igneous/archive/${digestHex(image.manifestDigest)}/${Buffer.from(name).toString("hex")}`;
}

/** The archive of an image that an earlier run stored, or undefined. */
export async function findArchiveFile(
  repo: Repo,
  image: Pick<ResolvedImage, "manifestDigest">,
  name: string,
): Promise<StoredFile | undefined> {
  const commit = await findRef(repo, archiveRef(image, name));
  if (commit === undefined) return undefined;
  const file = subtree(repo, commit, path);
  return file.kind === "stored-file" ? file : undefined;
}

/** Stores an image as one OCI archive file in a repo, for a container runtime that will import it under `name`. */
export async function importArchive(
  context: Context,
  repo: Repo,
  image: ResolvedImage,
  options: { readonly source: ImageSource; readonly name: string },
): Promise<StoredFile> {
  const { source, name } = options;
  return withTransaction(context, repo, async ({ writer, staged, publish }) => {
    const archive = packArchive(image, name, async (blob) => readStream(await source.fetchBlob(blob)));
    const file = writer.openFile({ uid: 0, gid: 0, mode: 0o644, xattrs: [] }, archive.size);
    for await (const chunk of archive.chunks) {
      context.signal.throwIfAborted();
      file.write(chunk);
    }
    const stored: StoredFile = { kind: "stored-file", checksum: file.finish() };
    const root = writeTree(staged, writer, treeOfPaths([[path, stored]]));
    if (root.kind !== "stored-directory") throw new Error("a tree of paths is a directory");
    publish(putCommit(writer, root, { subject: name }), archiveRef(image, name));
    return stored;
  });
}
