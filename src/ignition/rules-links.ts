import { cleanPath, joinPath } from "./go-path.ts";
import type { Findings } from "./problem.ts";
import { below, isTrue, part, parts, type Path, type Struct, text } from "./value.ts";

/** Rules about links, and about what lies below them. */
export function checkLinks(struct: Struct, path: Path, find: Findings, minor: number): void {
  const links = parts(struct, "links");
  // Every path that lies below a link, asked for by the link's own path, so that a thousand of each stay quick.
  const linkPaths = countPaths(links);
  const directories = countPaths(parts(struct, "directories"));
  for (const [field, what] of [
    ["directories", "directory"],
    ["files", "file"],
  ] as const) {
    for (const [index, node] of parts(struct, field).entries()) {
      repeat(linksAbove(text(node, "path"), linkPaths), () =>
        find.error(path, `${what} path includes link in config`, field, index),
      );
    }
  }
  for (const [index, link] of links.entries()) {
    repeat(linksAbove(text(link, "path"), linkPaths), () =>
      find.error(path, "link path includes link in config", "links", index),
    );
    checkLink(link, below(path, "links", index), directories, find, minor);
  }
}

function repeat(times: number, body: () => void): void {
  for (let i = 0; i < times; i++) body();
}

function countPaths(nodes: readonly Struct[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) counts.set(text(node, "path"), (counts.get(text(node, "path")) ?? 0) + 1);
  return counts;
}

function linksAbove(path: string, linkPaths: ReadonlyMap<string, number>): number {
  let found = 0;
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
    found += linkPaths.get(path.slice(0, slash)) ?? 0;
  return found;
}

function checkLink(
  link: Struct,
  path: Path,
  directories: ReadonlyMap<string, number>,
  find: Findings,
  minor: number,
): void {
  if (minor >= 3 && text(link, "target") === "") {
    find.error(path, "link target is required", "target");
    return;
  }
  if (!isTrue(link, "hard")) return;
  const target = cleanPath(text(link, "target"));
  const absolute = target.startsWith("/") ? target : joinPath(text(link, "path"), text(link, "target"));
  repeat(directories.get(absolute) ?? 0, () => find.error(path, "hard link target is a directory"));
  for (const who of ["user", "group"]) {
    for (const field of ["id", "name"]) {
      const set = part(link, who)[field] !== undefined;
      find.warn(path, set ? "user/group ignored for hard link" : undefined, who, field);
    }
  }
}
