import type { Refuse } from "./tar-entry.ts";

/** What the name of a layer's entry means. https://github.com/opencontainers/image-spec/blob/main/layer.md */
export type LayerPath =
  /** An entry of this path; no parts for the root. */
  | { readonly kind: "entry"; readonly parts: readonly string[] }
  /** Lower layers lose what they have at this path. */
  | { readonly kind: "whiteout"; readonly parts: readonly string[] }
  /** Lower layers lose what they have below this directory. */
  | { readonly kind: "opaque"; readonly parts: readonly string[] }
  /** Bookkeeping of AUFS, which means nothing outside of it. */
  | { readonly kind: "ignored" };

const whiteoutPrefix = ".wh.";
const opaqueName = ".wh..wh..opq";

/** Reads the name of an entry. `./` and `/` in front mean nothing; a name that leaves the root is refused. */
export function parseLayerPath(path: string, refuse: Refuse): LayerPath {
  const parts = rootedParts(path, path, refuse);
  const name = parts.at(-1) ?? "";
  const folder = parts.slice(0, -1);
  if (folder.some((part) => part.startsWith(whiteoutPrefix))) {
    return folder.some((part) => part.startsWith(".wh..wh."))
      ? { kind: "ignored" }
      : refused(path, "it lies below the mark of a deletion", refuse);
  }
  if (name === opaqueName) return { kind: "opaque", parts: folder };
  if (name.startsWith(".wh..wh.")) return { kind: "ignored" };
  if (!name.startsWith(whiteoutPrefix)) return { kind: "entry", parts };
  const deleted = name.slice(whiteoutPrefix.length);
  if (deleted === "" || deleted === "." || deleted === "..")
    return refused(path, "it deletes no name", refuse);
  return { kind: "whiteout", parts: [...folder, deleted] };
}

/** The parts of a hard link's target, which is a path from the root like an entry's name. */
export function parseLinkTarget(path: string, target: string, refuse: Refuse): readonly string[] {
  const parts = rootedParts(target, path, refuse);
  if (parts.length === 0) throw refuse(path, "it is a hard link to the root");
  return parts;
}

/** Refuses a symlink that climbs out of the root by `..`; an absolute one starts at the image's own root. */
export function checkSymlink(parts: readonly string[], target: string, path: string, refuse: Refuse): void {
  if (target === "") throw refuse(path, "it is a symlink to nothing");
  if (Buffer.byteLength(target) > 4095) throw refuse(path, "its target is longer than 4095 bytes");
  let depth = target.startsWith("/") ? 0 : parts.length - 1;
  for (const part of target.split("/")) {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    if (depth < 0 && !target.startsWith("/")) throw refuse(path, `its target '${target}' leaves the root`);
    if (depth < 0) depth = 0;
  }
}

function rootedParts(text: string, path: string, refuse: Refuse): readonly string[] {
  if (text === "") throw refuse(path, "it has an empty name or link target");
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes(".."))
    throw refuse(path, text === path ? "it leaves the root" : `its target '${text}' leaves the root`);
  if (parts.some((part) => Buffer.byteLength(part) > 255))
    throw refuse(path, "a part of it is longer than 255 bytes");
  if (Buffer.byteLength(text) > 4096) throw refuse(path, "it is longer than 4096 bytes");
  return parts;
}

function refused(path: string, reason: string, refuse: Refuse): never {
  throw refuse(path, reason);
}
