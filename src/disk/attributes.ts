import { join } from "node:path";
import { digestHex, digestOf } from "../core/digest.ts";
import { writeAtomic } from "../host/files.ts";
import { ensureFolder } from "../host/folders.ts";
import type { CommitChecksum, Xattr } from "../ostree/object.ts";
import type { Repo } from "../ostree/repo.ts";
import { listTree } from "../ostree/tree-read.ts";
import { epoch } from "./image.ts";
import { deploymentPath, objectPath } from "./placement.ts";
import type { RunTool } from "./tools.ts";

interface Deployed {
  readonly repo: Repo;
  readonly commits: readonly CommitChecksum[];
  /** Every path of the sysroot. */
  readonly paths: readonly string[];
  /** Where the root file system begins in the image, in bytes. */
  readonly offset: number;
}

/**
 * Gives the files in the root file system of `work`/disk.img the extended attributes that they have in the deployed commits,
 * SELinux labels above all. A plain user cannot set those on files of this machine, and mke2fs would not take them from a tar.
 */
export async function writeAttributes(
  runTool: RunTool,
  work: string,
  { repo, commits, paths, offset }: Deployed,
): Promise<void> {
  const values = new Set<string>();
  const lines: string[] = [];
  await ensureFolder(join(work, "attributes"));
  for (const { path, name, value } of attributesOf(repo, commits, new Set(paths))) {
    // From a file: a label ends with a zero byte.
    const file = digestHex(digestOf(value)).slice(0, 16);
    if (!values.has(file)) await writeAtomic(join(work, "attributes", file), value);
    values.add(file);
    lines.push(`ea_set -f /work/attributes/${file} "/${path.replaceAll('"', '""')}" ${name}\n`);
  }
  await writeAtomic(join(work, "commands"), lines.join(""));
  const script = `debugfs -w -f /work/commands '/work/disk.img?offset=${offset}' 2>&1 >/dev/null`;
  const said = await runTool(["sh", "-euc", script], {
    binds: [{ source: work, target: "/work" }],
    // The time that debugfs writes into the superblock.
    env: { SOURCE_DATE_EPOCH: epoch },
  });
  const problems = said.split("\n").filter((line) => line !== "" && !line.startsWith("debugfs "));
  if (problems.length > 0) throw new Error(`debugfs: ${problems.slice(0, 5).join("; ")}`);
}

interface Attribute extends Xattr {
  readonly path: string;
}

function* attributesOf(
  repo: Repo,
  commits: readonly CommitChecksum[],
  paths: ReadonlySet<string>,
): Generator<Attribute> {
  const done = new Set<string>();
  for (const commit of commits) {
    const root = deploymentPath(commit);
    for (const { path, xattrs, ...entry } of listTree(repo, commit)) {
      const places = [path === "/" ? root : `${root}${path}`];
      // What a commit has in /usr/etc is copied to /etc with all its attributes.
      if (/^\/usr\/etc(?:\/|$)/u.test(path)) places.push(`${root}${path.slice("/usr".length)}`);
      // The one /var of all deployments.
      if (path === "/var") places.push("ostree/deploy/igneous/var");
      if (entry.kind !== "directory") places.push(objectPath(`${entry.checksum}.file`));
      for (const place of places) {
        if (!paths.has(place) || done.has(place)) continue;
        done.add(place);
        for (const { name, value } of xattrs) yield { path: place, name, value };
      }
    }
  }
}
