import type { BaseTree } from "./base-tree.ts";
import type { IgnitionConfig, IgnitionOwner } from "./config.ts";

/** Finds the numbers of owners that a config names. */
export interface Owners {
  /** The number of a user or group, or why there is none; `fallback` when the config names nobody. */
  readonly uidOf: (owner: IgnitionOwner | undefined, fallback: number) => number | string;
  readonly gidOf: (owner: IgnitionOwner | undefined, fallback: number) => number | string;
}

/** Owners by name are looked up among the accounts of the config first, then among those that the image has. */
export function findOwners({ passwd }: IgnitionConfig, base: BaseTree | undefined): Owners {
  const users = readAccounts(base, "/usr/etc/passwd");
  const groups = readAccounts(base, "/usr/etc/group");
  const ownUsers = new Map(passwd?.users?.map(({ name, uid }) => [name, users.get(name) ?? uid]));
  const ownGroups = new Map([
    // systemd-sysusers makes a group beside each user, of the same name and number.
    ...ownUsers,
    ...(passwd?.groups ?? []).map(({ name, gid }) => [name, groups.get(name) ?? gid] as const),
  ]);
  const numberOf = (
    kind: "user" | "group",
    own: ReadonlyMap<string, number | undefined>,
    known: ReadonlyMap<string, number>,
    { id, name }: IgnitionOwner,
    fallback: number,
  ): number | string => {
    if (id !== undefined) return id;
    if (name === undefined || name === "") return fallback;
    const number = known.get(name) ?? own.get(name);
    if (number !== undefined) return number;
    if (base === undefined && !own.has(name)) return fallback;
    if (!own.has(name)) return `there is no ${kind} ${name} in the image or in this config`;
    return `the ${kind} ${name} gets its number when the node boots: give it one in this config`;
  };
  return {
    uidOf: (owner = {}, fallback) => numberOf("user", ownUsers, users, owner, fallback),
    gidOf: (owner = {}, fallback) => numberOf("group", ownGroups, groups, owner, fallback),
  };
}

/** Names and numbers of a file such as /etc/passwd. */
export function readAccounts(base: BaseTree | undefined, path: string): ReadonlyMap<string, number> {
  const node = base?.find(path);
  const text = node?.kind === "file" ? Buffer.from(node.read()).toString() : "";
  const rows = text.split("\n").map((line) => line.split(":"));
  return new Map(rows.flatMap(([name = "", , id = ""]) => (/^\d+$/u.test(id) ? [[name, Number(id)]] : [])));
}
