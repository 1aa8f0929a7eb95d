import { inflateRawSync } from "node:zlib";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { start } from "../host/exec.ts";
import { findBytes, readStart } from "../host/object-files.ts";
import { type CommitFields, decodeCommit } from "./commit-object.ts";
import type { CommitChecksum, Dirtree, FileHeader, Metadata, ObjectChecksum, ObjectKind } from "./object.ts";
import { archiveHeaderLength, decodeArchiveHeader, decodeDirmeta, decodeDirtree } from "./object-decode.ts";
import { objectPath, type Repo } from "./repo.ts";

export function readCommit(repo: Repo, checksum: CommitChecksum): CommitFields {
  return decoded(repo, "commit", checksum, decodeCommit);
}

export function readDirtree(repo: Repo, checksum: ObjectChecksum): Dirtree {
  return decoded(repo, "dirtree", checksum, decodeDirtree);
}

export function readDirmeta(repo: Repo, checksum: ObjectChecksum): Metadata {
  return decoded(repo, "dirmeta", checksum, decodeDirmeta);
}

/** The header and the content size of a file in an archive repo; its content is not read. */
export function readFileHeader(
  repo: Repo,
  checksum: ObjectChecksum,
): { readonly header: FileHeader; readonly size: number } {
  const path = objectPath(repo, "file", checksum);
  let start = readStart(path, 512);
  if (start.length < 8) throw corrupt(repo, "file", checksum);
  const length = archiveHeaderLength(start);
  if (length > start.length) start = readStart(path, length);
  return decodeArchiveHeader(start);
}

/** The content of a regular file in an archive repo. */
export function readFileObject(repo: Repo, checksum: ObjectChecksum): Buffer {
  const object = readObject(repo, "file", checksum);
  const { size, contentOffset } = decodeArchiveHeader(object);
  const content = inflateRawSync(object.subarray(contentOffset), { maxOutputLength: Math.max(size, 1) });
  if (content.length !== size) throw corrupt(repo, "file", checksum);
  return content;
}

/** The content of a file of any repo, as `ostree cat` prints it. */
export async function catFile(
  context: Context,
  repo: Repo,
  commit: CommitChecksum,
  path: string,
): Promise<Buffer> {
  const program = start(context, ["ostree", "cat", `--repo=${repo.path}`, commit, path]);
  const chunks: Buffer[] = [];
  program.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await program.done;
  return Buffer.concat(chunks);
}

function decoded<T>(repo: Repo, kind: ObjectKind, checksum: ObjectChecksum, decode: (data: Buffer) => T): T {
  const data = readObject(repo, kind, checksum);
  try {
    return decode(data);
  } catch (error) {
    throw error instanceof RangeError ? corrupt(repo, kind, checksum) : error;
  }
}

function readObject(repo: Repo, kind: ObjectKind, checksum: ObjectChecksum): Buffer {
  const data = findBytes(objectPath(repo, kind, checksum));
  if (data === undefined) throw missing(repo, kind, checksum);
  return data;
}

function missing(repo: Repo, kind: ObjectKind, checksum: ObjectChecksum): IgneousError {
  return new IgneousError("repo-corrupt", `the repo ${repo.path} lacks the ${kind} object ${checksum}`, {
    hint: `see what else is wrong: ostree fsck --repo=${repo.path}`,
  });
}

function corrupt(repo: Repo, kind: ObjectKind, checksum: ObjectChecksum): IgneousError {
  return new IgneousError(
    "repo-corrupt",
    `the ${kind} object ${checksum} in the repo ${repo.path} is damaged`,
    {
      hint: `see what else is wrong: ostree fsck --repo=${repo.path} --delete`,
    },
  );
}

/** Whether a repo has a commit. */
export function hasCommit(repo: Repo, checksum: string): checksum is CommitChecksum {
  return findBytes(objectPath(repo, "commit", checksum as CommitChecksum)) !== undefined;
}
