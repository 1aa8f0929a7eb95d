/**
 * What layers mean, as plainly as it can be said: a flat list of paths, searched from end to end. Slow, and made in
 * another way than the code under test on purpose.
 */
export type NaiveEntry =
  | { readonly kind: "file"; readonly path: string; readonly content: string }
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }
  | { readonly kind: "hardlink"; readonly path: string; readonly target: string }
  | { readonly kind: "whiteout"; readonly path: string }
  | { readonly kind: "opaque"; readonly path: string };

/** Path → what is there; undefined when an entry must be refused. */
export function naiveTree(
  layers: readonly (readonly NaiveEntry[])[],
): ReadonlyMap<string, string> | undefined {
  let tree: (readonly [path: string, what: string])[] = [];
  const at = (path: string): string | undefined => tree.find(([there]) => there === path)?.[1];
  const ancestors = (path: string): readonly string[] => {
    const parts = path.split("/");
    return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
  };
  const isBelow = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);
  for (const layer of layers) {
    const lower = tree;
    const ownFolders = layer
      .filter(({ kind }) => kind === "directory" || kind === "whiteout")
      .map(({ path }) => path);
    const gone: ((path: string) => boolean)[] = [];
    for (const entry of layer) {
      if (entry.kind !== "whiteout" && entry.kind !== "opaque") continue;
      const way = entry.kind === "opaque" ? [...ancestors(entry.path), entry.path] : ancestors(entry.path);
      const blocked = way.find((folder) =>
        lower.some(([path, what]) => path === folder && !what.startsWith("d")),
      );
      if (blocked !== undefined) {
        const isLink = lower.some(([path, what]) => path === blocked && what.startsWith("l"));
        if (isLink && !ownFolders.includes(blocked)) return undefined;
        continue;
      }
      const exact = entry.kind === "whiteout";
      gone.push((path) => (exact && path === entry.path) || isBelow(path, entry.path));
    }
    tree = lower.filter(([path]) => !gone.some((test) => test(path)));
    for (const entry of layer) {
      if (entry.kind === "whiteout" || entry.kind === "opaque") continue;
      for (const folder of ancestors(entry.path)) {
        const there = at(folder);
        if (there === undefined) tree = [...tree, [folder, "d755"]];
        else if (!there.startsWith("d")) return undefined;
      }
      let what: string | undefined;
      if (entry.kind === "directory") what = `d${entry.mode.toString(8)}`;
      else if (entry.kind === "file") what = `f${entry.content}`;
      else if (entry.kind === "symlink") what = `l${entry.target}`;
      else {
        if (ancestors(entry.target).some((folder) => at(folder)?.startsWith("d") !== true)) return undefined;
        what = at(entry.target);
        if (what === undefined || what.startsWith("d")) return undefined;
      }
      const keepsChildren = entry.kind === "directory" && at(entry.path)?.startsWith("d") === true;
      tree = tree.filter(([path]) => path !== entry.path && (keepsChildren || !isBelow(path, entry.path)));
      tree = [...tree, [entry.path, what]];
    }
  }
  return new Map(tree.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
