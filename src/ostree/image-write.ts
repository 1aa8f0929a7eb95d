import { type ImageDirectory, sortedChildren } from "./compose.ts";
import { type DirtreeDirectory, encodeDirmeta, encodeDirtree, type ObjectChecksum } from "./object.ts";
import type { ObjectWriter } from "./object-writer.ts";
import type { StoredDirectory } from "./tree.ts";

/** Owner and mode of a directory that no layer has an entry for. */
const unsaid = encodeDirmeta({ uid: 0, gid: 0, mode: 0o755, xattrs: [] });

/** Writes the directories of a composed tree; its files are in the repo already. */
export function writeImageTree(writer: ObjectWriter, directory: ImageDirectory): StoredDirectory {
  const files: { name: string; checksum: ObjectChecksum }[] = [];
  const directories: DirtreeDirectory[] = [];
  for (const [name, node] of sortedChildren(directory)) {
    if (node.kind === "dropped") continue;
    if (node.kind === "directory") directories.push({ name, ...identity(writeImageTree(writer, node)) });
    else files.push({ name, checksum: node.checksum });
  }
  const tree = writer.putMetadata("dirtree", encodeDirtree({ files, directories }));
  return { kind: "stored-directory", tree, meta: directory.meta ?? writer.putMetadata("dirmeta", unsaid) };
}

function identity({ tree, meta }: StoredDirectory): Pick<DirtreeDirectory, "tree" | "meta"> {
  return { tree, meta };
}
