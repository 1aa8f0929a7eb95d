import { readAccounts } from "./apply-owners.ts";
import type { BaseTree } from "./base-tree.ts";
import type { IgnitionConfig, IgnitionGroup, IgnitionUser } from "./config.ts";
import { launchTime, type PlannedNode, type Refusal, type Refuse } from "./tree-plan.ts";

/**
 * Accounts as files of sysusers.d and tmpfiles.d, which systemd applies on the node: a changed /etc/passwd of a node is
 * kept over upgrades, so an account that stood in the image's would never arrive.
 */
export function planAccounts(
  { passwd }: IgnitionConfig,
  base: BaseTree | undefined,
  refuse: Refuse,
): readonly PlannedNode[] {
  const users = readAccounts(base, "/usr/etc/passwd");
  const groups = readAccounts(base, "/usr/etc/group");
  const accounts: string[] = [];
  const homes: string[] = [];
  passwd?.groups?.forEach((group, index) => {
    const at = ["passwd", "groups", index];
    if (!isWanted(group, "group", groups, at, refuse)) return;
    checkGroup(group, groups, at, refuse);
    accounts.push(`g ${group.name} ${group.gid ?? "-"}\n`);
  });
  passwd?.users?.forEach((user, index) => {
    const at = ["passwd", "users", index];
    if (!isWanted(user, "user", users, at, refuse)) return;
    checkUser(user, users, at, refuse);
    if (!users.has(user.name)) {
      accounts.push(userLine(user));
      if (user.system !== true && user.noCreateHome !== true) homes.push(homeLine(user));
    }
    accounts.push(...(user.groups ?? []).map((group) => `m ${user.name} ${group}\n`));
  });
  return [
    ...file("/usr/lib/sysusers.d/40-igneous-image.conf", accounts),
    ...file("/usr/lib/tmpfiles.d/40-igneous-image.conf", homes),
  ];
}

function file(path: string, lines: readonly string[]): readonly PlannedNode[] {
  if (lines.length === 0) return [];
  return [{ kind: "file", path, contents: lines.join(""), mode: 0o644, uid: 0, gid: 0 }];
}

/** False for an account that is not to exist. One that the image has cannot be taken away. */
function isWanted(
  { name, shouldExist }: IgnitionUser | IgnitionGroup,
  kind: "user" | "group",
  known: ReadonlyMap<string, number>,
  at: Refusal["path"],
  refuse: Refuse,
): boolean {
  if (shouldExist !== false) return true;
  if (known.has(name)) {
    refuse(
      [...at, "shouldExist"],
      `the ${kind} ${name} comes with a package of the image: remove the package`,
    );
  }
  return false;
}

function checkGroup(
  { name, gid, passwordHash }: IgnitionGroup,
  known: ReadonlyMap<string, number>,
  at: Refusal["path"],
  refuse: Refuse,
): void {
  if (passwordHash !== undefined) refuse([...at, "passwordHash"], `no secret enters an image; ${launchTime}`);
  const old = known.get(name);
  if (gid !== undefined && old !== undefined && gid !== old) {
    refuse([...at, "gid"], `the image has the group ${name} already, as ${old}`);
  }
}

/** What cannot be changed of a user that a package of the image brings. */
const fixedFields = ["uid", "gecos", "homeDir", "primaryGroup", "shell"] as const;

function checkUser(
  user: IgnitionUser,
  known: ReadonlyMap<string, number>,
  at: Refusal["path"],
  refuse: Refuse,
): void {
  if (user.passwordHash !== undefined)
    refuse([...at, "passwordHash"], `no secret enters an image; ${launchTime}`);
  if ((user.sshAuthorizedKeys ?? []).length > 0)
    refuse([...at, "sshAuthorizedKeys"], `keys belong to a machine; ${launchTime}`);
  const old = known.get(user.name);
  if (old === undefined) return;
  for (const field of fixedFields) {
    if (user[field] === undefined || user[field] === old) continue;
    refuse([...at, field], `the image has the user ${user.name} already: only groups can be added to it`);
  }
}

function userLine({ name, uid, gecos = "", homeDir, shell = "/bin/bash", ...user }: IgnitionUser): string {
  const group = ownGroup(user);
  const ids = group === undefined ? `${uid ?? "-"}` : `${uid ?? "-"}:${group}`;
  const fields = [JSON.stringify(gecos), homeDir ?? `/home/${name}`, shell].map(escapeSpecifiers);
  return `u ${name} ${ids} ${fields.join(" ")}\n`;
}

function homeLine(user: IgnitionUser): string {
  const { name, homeDir = `/home/${name}` } = user;
  return `d ${escapeSpecifiers(homeDir)} 0700 ${name} ${ownGroup(user) ?? name} -\n`;
}

/** The first group of a user when that is not the one that is made beside it. */
function ownGroup({ primaryGroup, noUserGroup }: Partial<IgnitionUser>): string | undefined {
  return primaryGroup ?? (noUserGroup === true ? "users" : undefined);
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%");
}
