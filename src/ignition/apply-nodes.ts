import { posix } from "node:path";
import { findOwners, type Owners } from "./apply-owners.ts";
import type { BaseNode, BaseTree } from "./base-tree.ts";
import { readContents } from "./contents.ts";
import type { IgnitionConfig, IgnitionResource, IgnitionFile, IgnitionLink, IgnitionNode } from "./config.ts";
import { launchTime, type Owned, type PlannedNode, type Refusal, type Refuse } from "./tree-plan.ts";

interface Planning {
  readonly base: BaseTree | undefined;
  readonly owners: Owners;
  readonly refuse: Refuse;
  readonly removed: string[];
  /** What of a mode is heeded: setuid, setgid and sticky from spec 3.6 on. */
  readonly modeMask: number;
}

/** Files, directories and links of a config as they will be in the image. */
export function planNodes(
  { storage, ...config }: IgnitionConfig,
  base: BaseTree | undefined,
  refuse: Refuse,
): { readonly removed: readonly string[]; readonly nodes: readonly PlannedNode[] } {
  const modeMask = Number(config.ignition.version.split(".")[1]) < 6 ? 0o777 : 0o7777;
  const planning: Planning = { base, owners: findOwners(config, base), refuse, removed: [], modeMask };
  const planEach = <T extends IgnitionNode>(
    field: string,
    items: readonly T[] | undefined,
    plan: (
      node: T,
      there: BaseNode | undefined,
      at: Refusal["path"],
      path: string,
    ) => PlannedNode | undefined,
  ): readonly PlannedNode[] =>
    (items ?? []).flatMap((node, index) => {
      const at = ["storage", field, index];
      const path = imagePath(node.path);
      if (path === undefined) {
        refuse(
          [...at, "path"],
          `${node.path} is not part of an image, whose content lies in /usr and /etc; ${launchTime}`,
        );
        return [];
      }
      const there = base?.find(path);
      if (there !== undefined && node.overwrite === true) planning.removed.push(path);
      return plan(node, node.overwrite === true ? undefined : there, at, path) ?? [];
    });
  const directories = planEach("directories", storage?.directories, (node, there, at, path) =>
    planDirectory(planning, node, there, at, path),
  );
  const files = planEach("files", storage?.files, (node, there, at, path) =>
    planFile(planning, node, there, at, path),
  );
  const links = planEach("links", storage?.links, (node, there, at, path) =>
    planLink(planning, node, there, at, path, files),
  );
  return { removed: planning.removed, nodes: [...directories, ...files, ...links] };
}

function planDirectory(
  planning: Planning,
  node: IgnitionNode,
  there: BaseNode | undefined,
  at: Refusal["path"],
  path: string,
): PlannedNode | undefined {
  if (there !== undefined && there.kind !== "directory") {
    planning.refuse(
      at,
      `${node.path} is a ${there.kind} of the image already: say overwrite: true to replace it`,
    );
    return undefined;
  }
  return { kind: "directory", path, ...ownedAs(planning, node, there, at, 0o755) };
}

function planFile(
  planning: Planning,
  node: IgnitionFile,
  there: BaseNode | undefined,
  at: Refusal["path"],
  path: string,
): PlannedNode | undefined {
  const hasContents = node.contents?.source !== undefined;
  if (there !== undefined && (there.kind !== "file" || hasContents)) {
    planning.refuse(
      at,
      `${node.path} is a ${there.kind} of the image already: say overwrite: true to replace it`,
    );
    return undefined;
  }
  const old = there?.kind === "file" ? there : undefined;
  const first = hasContents ? contentsOf(planning, node.contents, [...at, "contents"]) : old?.read();
  const more = (node.append ?? []).map((part, index) => contentsOf(planning, part, [...at, "append", index]));
  const contents = Buffer.concat([first ?? new Uint8Array(), ...more]);
  return { kind: "file", path, contents, ...ownedAs(planning, node, old, at, 0o644) };
}

function contentsOf(
  { refuse }: Planning,
  contents: IgnitionResource | undefined,
  at: Refusal["path"],
): Uint8Array {
  const read = readContents(contents ?? {});
  if (!("problem" in read)) return read;
  refuse(at, read.problem);
  return new Uint8Array();
}

function planLink(
  planning: Planning,
  node: IgnitionLink,
  there: BaseNode | undefined,
  at: Refusal["path"],
  path: string,
  files: readonly PlannedNode[],
): PlannedNode | undefined {
  const { target = "", hard = false } = node;
  const matches = there?.kind === "symlink" && !hard && there.target === target;
  if (there !== undefined && !matches) {
    planning.refuse(
      at,
      `${node.path} is a ${there.kind} of the image already: say overwrite: true to replace it`,
    );
    return undefined;
  }
  if (!hard) {
    const { uid, gid } = ownedAs(planning, node, there, at, 0o777);
    return { kind: "symlink", path, target, uid, gid };
  }
  const linked = findLinked(planning.base, node, files);
  if (linked === undefined) {
    if (planning.base === undefined) return undefined;
    planning.refuse([...at, "target"], `${target} is no file of this config or of the image`);
    return undefined;
  }
  // A commit knows files by their content, so two names of one file are one object of its repo.
  return { ...linked, path };
}

function findLinked(
  base: BaseTree | undefined,
  node: IgnitionLink,
  files: readonly PlannedNode[],
): PlannedNode | undefined {
  // A relative target starts at the root, other than a symlink's.
  const path = imagePath(posix.resolve("/", node.target ?? ""));
  if (path === undefined) return undefined;
  const planned = files.find((file) => file.path === path);
  if (planned !== undefined) return planned;
  const found = base?.find(path);
  if (found?.kind !== "file") return undefined;
  const { mode, uid, gid } = found;
  return { kind: "file", path, contents: found.read(), mode: mode & 0o7777, uid, gid };
}

/** Mode and owners: what the config says, else what is there, else what a new node has. */
function ownedAs(
  { owners, refuse, modeMask }: Planning,
  node: IgnitionNode & { readonly mode?: number },
  there: BaseNode | undefined,
  at: Refusal["path"],
  newMode: number,
): Owned {
  const number = (found: number | string, field: string): number => {
    if (typeof found === "number") return found;
    refuse([...at, field, "name"], found);
    return 0;
  };
  return {
    mode:
      node.mode === undefined
        ? there !== undefined && there.kind !== "symlink"
          ? there.mode & 0o7777
          : newMode
        : node.mode & modeMask,
    uid: number(owners.uidOf(node.user, there?.uid ?? 0), "user"),
    gid: number(owners.gidOf(node.group, there?.gid ?? 0), "group"),
  };
}

/** Where a path of the running system lies in the image: /etc comes from /usr/etc. */
function imagePath(path: string): string | undefined {
  if (path.startsWith("/etc/")) return `/usr${path}`;
  return path.startsWith("/usr/") ? path : undefined;
}
