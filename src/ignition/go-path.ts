/** Paths as Go's package `path` has them. */

/** A part that means nothing, or the one above. */
const oddPart = /\/\.{0,2}(?:\/|$)/u;

/** The shortest path that means the same; `.` for the empty one. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  if (rooted && !oddPart.test(path)) return path;
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") out.push(part);
    else if (out.length > 0 && out.at(-1) !== "..") out.pop();
    else if (!rooted) out.push("..");
  }
  const joined = (rooted ? "/" : "") + out.join("/");
  return joined === "" ? "." : joined;
}

/** Joins what is not empty and cleans it. */
export function joinPath(...parts: readonly string[]): string {
  const joined = parts.filter((part) => part !== "").join("/");
  return joined === "" ? "" : cleanPath(joined);
}

/** The end of the last part from its last dot on. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot);
}
