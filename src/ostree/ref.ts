import { join } from "node:path";
import { IgneousError } from "../core/errors.ts";
import { isSha256Hex } from "../core/digest.ts";
import { findText, writeAtomicBy } from "../host/files.ts";
import { fileExists, isFolder, listFolder, removeFile } from "../host/object-files.ts";
import type { CommitChecksum } from "./object.ts";
import { objectPath, type Repo } from "./repo.ts";

/** The commit that a ref names, or undefined when there is no such ref. */
export async function findRef(repo: Repo, ref: string): Promise<CommitChecksum | undefined> {
  const content = (await findText(refPath(repo, ref)))?.trim();
  return content !== undefined && isSha256Hex(content) ? (content as string as CommitChecksum) : undefined;
}

/** The commit of a ref or of a full checksum; `ref-not-found` when the repo has neither. */
export async function resolveRef(repo: Repo, ref: string): Promise<CommitChecksum> {
  if (isSha256Hex(ref)) {
    const checksum = ref as string as CommitChecksum;
    if (fileExists(objectPath(repo, "commit", checksum))) return checksum;
  } else {
    const found = await findRef(repo, ref);
    if (found !== undefined) return found;
  }
  throw new IgneousError("ref-not-found", `the repo ${repo.path} has no ref or commit '${ref}'`, {
    hint: `list what it has: ostree refs --repo=${repo.path}`,
  });
}

export async function writeRef(repo: Repo, ref: string, commit: CommitChecksum): Promise<void> {
  const path = refPath(repo, ref);
  if ((await findRef(repo, ref)) === commit) return;
  await writeAtomicBy(join(repo.path, "tmp"), path, `${commit}\n`);
}

/** Removes a ref; its objects stay until the repo is pruned. */
export async function deleteRef(repo: Repo, ref: string): Promise<void> {
  removeFile(refPath(repo, ref));
}

/** Names of all refs below a prefix such as `ociimage/image`, sorted. */
export function listRefs(repo: Repo, prefix: string): readonly string[] {
  const found: string[] = [];
  const walk = (name: string): void => {
    for (const child of listFolder(refPath(repo, name))) {
      const path = `${name}/${child}`;
      if (isFolder(refPath(repo, path))) walk(path);
      else found.push(path);
    }
  };
  walk(prefix);
  return found.sort();
}

function refPath(repo: Repo, ref: string): string {
  if (!/^[-.\w]+(?:\/[-.\w]+)*$/u.test(ref) || ref.split("/").some((part) => /^\.\.?$/u.test(part))) {
    throw new IgneousError(
      "input-invalid",
      `'${ref}' is not a ref; wanted words of A-Z a-z 0-9 . - _ with '/' between`,
    );
  }
  return join(repo.path, "refs", "heads", ref);
}
