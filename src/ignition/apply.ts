import { planUnit } from "./apply-units.ts";
import type { BakedConfig, Contents, Node, PlannedNode, PlannedTree, Refusal, Refuse } from "./tree-plan.ts";

/**
 * Plans a config onto a tree that is baked. Ignition itself does these things to a running disk on first boot; what only
 * makes sense there, and every secret, is refused by name. `readContents` gives the bytes of a `contents` that the config
 * carries itself, or undefined.
 */
export function planTree(
  config: BakedConfig,
  readContents: (contents: Contents) => string | Uint8Array | undefined,
): PlannedTree {
  const refused: Refusal[] = [];
  const refuse: Refuse = (path, message) => void refused.push({ path, message });
  const nodes = [
    ...planDirectories(config, refuse),
    ...planFiles(config, readContents, refuse),
    ...planLinks(config, refuse),
    ...(config.systemd?.units ?? []).flatMap(planUnit),
    ...planAccounts(config, refuse),
  ];
  refuseMachineParts(config, refuse);
  return { nodes, kernelArguments: config.kernelArguments?.shouldExist ?? [], refused };
}

function planDirectories({ storage }: BakedConfig, refuse: Refuse): readonly PlannedNode[] {
  return (storage?.directories ?? []).flatMap((node, index): readonly PlannedNode[] => {
    const at = ["storage", "directories", index];
    const path = imagePath(node.path, at, refuse);
    if (path === undefined) return [];
    return [{ kind: "directory", path, mode: node.mode ?? 0o755, ...ownerOf(node, at, refuse) }];
  });
}

function planFiles(
  { storage }: BakedConfig,
  readContents: (contents: Contents) => string | Uint8Array | undefined,
  refuse: Refuse,
): readonly PlannedNode[] {
  return (storage?.files ?? []).flatMap((node, index): readonly PlannedNode[] => {
    const at = ["storage", "files", index];
    const path = imagePath(node.path, at, refuse);
    if ((node.append ?? []).length > 0) {
      refuse([...at, "append"], "appending to a file is not possible at bake time");
    }
    const contents = node.contents?.source === undefined ? "" : readContents(node.contents);
    if (contents === undefined) {
      refuse([...at, "contents"], "only contents that the config carries itself can be baked");
    }
    if (path === undefined || contents === undefined) return [];
    return [{ kind: "file", path, contents, mode: node.mode ?? 0o644, ...ownerOf(node, at, refuse) }];
  });
}

function planLinks({ storage }: BakedConfig, refuse: Refuse): readonly PlannedNode[] {
  return (storage?.links ?? []).flatMap((node, index): readonly PlannedNode[] => {
    const at = ["storage", "links", index];
    const path = imagePath(node.path, at, refuse);
    if (node.hard === true) refuse([...at, "hard"], "a hard link cannot be baked: use a symbolic one");
    return path === undefined || node.hard === true
      ? []
      : [{ kind: "symlink", path, target: node.target ?? "" }];
  });
}

/** Accounts as a sysusers.d file, which systemd applies on the node. */
function planAccounts({ passwd }: BakedConfig, refuse: Refuse): readonly PlannedNode[] {
  const lines = (passwd?.groups ?? []).map(({ name, gid }) => `g ${name} ${gid ?? "-"}\n`);
  passwd?.users?.forEach((user, index) => {
    const at = ["passwd", "users", index];
    if (user.passwordHash !== undefined)
      refuse([...at, "passwordHash"], `no secret enters an image; ${later}`);
    if ((user.sshAuthorizedKeys ?? []).length > 0) {
      refuse([...at, "sshAuthorizedKeys"], `keys belong to a machine; ${later}`);
    }
    const { name, uid = "-", gecos = "", homeDir = `/home/${name}`, shell = "/bin/bash", groups = [] } = user;
    lines.push(`u ${name} ${uid} ${JSON.stringify(gecos)} ${homeDir} ${shell}\n`);
    lines.push(...groups.map((group) => `m ${name} ${group}\n`));
  });
  if (lines.length === 0) return [];
  const path = "/usr/lib/sysusers.d/40-igneous-image.conf";
  return [{ kind: "file", path, contents: lines.join(""), mode: 0o644, uid: 0, gid: 0 }];
}

const later = "put it into the launch-time template";

function refuseMachineParts({ storage, ignition, kernelArguments }: BakedConfig, refuse: Refuse): void {
  for (const section of ["disks", "raid", "luks", "filesystems"]) {
    const value = storage?.[section];
    if (Array.isArray(value) && value.length > 0)
      refuse(["storage", section], `${section} belong to a machine; ${later}`);
  }
  if ((ignition?.config?.merge ?? []).length > 0 || ignition?.config?.replace?.source !== undefined) {
    refuse(["ignition", "config"], "other configs cannot be merged at bake time");
  }
  if ((kernelArguments?.shouldNotExist ?? []).length > 0) {
    refuse(
      ["kernelArguments", "shouldNotExist"],
      "an image has only the arguments of the spec and of shouldExist",
    );
  }
}

/** Where a path of the running system lies in the image: /etc comes from /usr/etc. */
function imagePath(path: string, at: Refusal["path"], refuse: Refuse): string | undefined {
  if (path.startsWith("/etc/")) return `/usr${path}`;
  if (path.startsWith("/usr/")) return path;
  refuse([...at, "path"], `${path} is not part of an image, whose content lies in /usr and /etc; ${later}`);
  return undefined;
}

function ownerOf(
  node: Node,
  at: Refusal["path"],
  refuse: Refuse,
): { readonly uid: number; readonly gid: number } {
  for (const who of ["user", "group"] as const) {
    if (node[who]?.name !== undefined)
      refuse([...at, who], "an owner by name is not known at bake time: give its number");
  }
  return { uid: node.user?.id ?? 0, gid: node.group?.id ?? 0 };
}
