import type { LocalEntry, LocalFiles } from "../core/local-files.ts";
import { joinPath } from "../ignition/go-path.ts";
import {
  findInteger,
  part,
  parts,
  type Path,
  type Struct,
  text,
  type Value,
  zeroStruct,
} from "../ignition/value.ts";
import { encodeContents } from "./data-url.ts";
import { messages } from "./messages.ts";
import {
  addNode,
  findNode,
  type FoundNode,
  nodeExists,
  type NodeList,
  type Nodes,
  trackNodes,
} from "./nodes.ts";
import { tryLocal } from "./sugar.ts";
import type { Translating } from "./translate.ts";
import { addFromCommonSource, addTranslation } from "./translations.ts";

interface Walk {
  readonly translating: Translating;
  readonly files: LocalFiles;
  readonly nodes: Nodes;
  readonly tree: Struct;
  readonly at: Path;
  readonly source: string;
  readonly destination: string;
}

/** Embeds whole folders. Problems stand at the tree's entry; one bad node does not stop the others. */
export function addTrees(translating: Translating, source: Struct, config: Struct): void {
  const trees = parts(part(source, "storage"), "trees");
  const nodes = trackNodes(config, translating.target);
  for (const [index, tree] of trees.entries()) {
    const at = ["storage", "trees", index];
    const { files, find } = translating;
    if (files === undefined) {
      find.error(at, messages.noFilesDir);
      return;
    }
    const folder = files.resolve(text(tree, "local"));
    if (folder === undefined) {
      find.error(at, messages.escapesFilesDir);
      continue;
    }
    const path = text(tree, "path");
    const walk = {
      translating,
      files,
      nodes,
      tree,
      at,
      source: folder,
      destination: path === "" ? "/" : path,
    };
    tryHere(walk, () => walkRoot(walk));
  }
}

function tryHere<T>(walk: Walk, body: () => T): T | undefined {
  return tryLocal(body, (message) => walk.translating.find.error(walk.at, message));
}

function walkRoot(walk: Walk): void {
  const { files, source, at, translating } = walk;
  if (files.stat(source).kind !== "directory") {
    translating.find.error(at, messages.treeNotDirectory);
    return;
  }
  const entry = files.lstat(source);
  // A link at the root is not followed but written as a link, so only the way to it has to stay inside.
  if (!files.isInside(entry.kind === "link" ? joinPath(source, "..") : source)) {
    translating.find.error(at, messages.linkEscapesFilesDir);
    return;
  }
  walkEntry(walk, ".", entry);
}

function walkEntry(walk: Walk, relative: string, entry: LocalEntry): void {
  const { files, source } = walk;
  const path = joinPath(source, relative);
  if (entry.kind !== "directory") {
    tryHere(walk, () => addEntry(walk, path, relative, entry));
    return;
  }
  const names = tryHere(walk, () => files.list(path));
  if (names === undefined) return;
  addEntry(walk, path, relative, entry);
  for (const name of names) {
    const child = relative === "." ? name : `${relative}/${name}`;
    const found = tryHere(walk, () => files.lstat(joinPath(source, child)));
    if (found !== undefined) walkEntry(walk, child, found);
  }
}

function addEntry(walk: Walk, path: string, relative: string, entry: LocalEntry): void {
  const destination = joinPath(walk.destination, relative);
  if (entry.kind === "directory") addDirectory(walk, destination);
  else if (entry.kind === "file") addFile(walk, path, destination, entry);
  else if (entry.kind === "link") addLink(walk, path, destination);
  else walk.translating.find.error(walk.at, messages.fileType);
}

function owner(walk: Walk, field: "user" | "group"): Struct {
  const { tree, translating } = walk;
  const type = field === "user" ? "NodeUser" : "NodeGroup";
  return { ...zeroStruct(type, translating.target), ...part(tree, field) };
}

const hasOwner = (walk: Walk): boolean =>
  [part(walk.tree, "user"), part(walk.tree, "group")].some((who) =>
    Object.values(who).some((value) => value !== undefined),
  );

function newNode(walk: Walk, list: NodeList, path: string, fields: Struct): FoundNode | undefined {
  const { translating, nodes, at } = walk;
  if (nodeExists(nodes, path)) {
    translating.find.error(at, messages.nodeExists);
    return undefined;
  }
  const found = addNode(nodes, list, {
    path,
    user: owner(walk, "user"),
    group: owner(walk, "group"),
    ...fields,
  });
  const to = ["storage", list, found.index];
  addFromCommonSource(translating.translations, at, to);
  if (found.index === 0) addTranslation(translating.translations, at, ["storage", list]);
  return found;
}

function addDirectory(walk: Walk, path: string): void {
  const mode = findInteger(walk.tree, "dir_mode");
  if (mode === undefined && !hasOwner(walk)) return;
  newNode(walk, "directories", path, { mode: mode ?? 0o755n });
}

/** The node a config has at this path and left open, or a new one. */
function openNode(
  walk: Walk,
  list: NodeList,
  path: string,
  filled: (node: Struct) => Value,
): FoundNode | undefined {
  const found = findNode(walk.nodes, list, path);
  if (found === undefined) return newNode(walk, list, path, {});
  const value = filled(found.node);
  if (value === undefined || value === "") return found;
  walk.translating.find.error(walk.at, messages.nodeExists);
  return undefined;
}

function addFile(walk: Walk, source: string, path: string, entry: LocalEntry): void {
  const { translating, at, tree } = walk;
  const file = openNode(walk, "files", path, (node) => part(node, "contents")["source"]);
  if (file === undefined) return;
  const contents = part(file.node, "contents");
  const given = contents["compression"];
  const { url, compression } = encodeContents(
    walk.files.read(source),
    typeof given === "string" ? given : undefined,
  );
  const to = ["storage", "files", file.index];
  contents["source"] = url;
  addTranslation(translating.translations, at, [...to, "contents", "source"]);
  if (compression !== undefined) {
    contents["compression"] = compression;
    addTranslation(translating.translations, at, [...to, "contents", "compression"]);
  }
  addTranslation(translating.translations, at, [...to, "contents"]);
  if (file.node["mode"] !== undefined) return;
  file.node["mode"] = findInteger(tree, "file_mode") ?? ((entry.mode & 0o111) === 0 ? 0o644n : 0o755n);
  addTranslation(translating.translations, at, [...to, "mode"]);
}

function addLink(walk: Walk, source: string, path: string): void {
  const link = openNode(walk, "links", path, (node) => node["target"]);
  if (link === undefined) return;
  link.node["target"] = walk.files.readLink(source);
  addTranslation(walk.translating.translations, walk.at, ["storage", "links", link.index, "target"]);
}
