import { userInfo } from "node:os";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { type Argv, run } from "./exec.ts";
import { findText } from "./files.ts";
import { needTool } from "./tools.ts";

/**
 * The command in front of a program that needs to be root among its own files: namespaces of its own for mounts, processes,
 * host name and network (none), and for a plain user also for users, with root and the user's subordinate ids mapped into it.
 * What it starts dies with it.
 */
export function namespaceArgv(): Argv {
  const own = ["--mount", "--pid", "--uts", "--ipc", "--net", "--fork", "--kill-child"];
  return ["unshare", ...(isRoot() ? [] : ["--user", "--map-root-user", "--map-auto"]), ...own];
}

/** Checks that {@link namespaceArgv} will work; otherwise `namespaces-refused`, with the command that allows it. */
export async function checkNamespaces(context: Context): Promise<void> {
  needTool(context, "unshare");
  if (!isRoot()) {
    needTool(context, "newuidmap");
    await checkSubordinateIds(currentUser(), ["/etc/subuid", "/etc/subgid"]);
  }
  const { exit, stderr } = await run(context, [...namespaceArgv(), "true"], { okExits: allExits });
  if (exit === 0) return;
  throw new IgneousError("namespaces-refused", `this user may not make namespaces: ${stderr.trim()}`, {
    hint: isRoot()
      ? "run igneous where mounting is allowed: in a container, with --privileged"
      : "allow them: sudo sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000 (and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0)",
  });
}

const allExits: readonly number[] = Array.from({ length: 256 }, (_, exit) => exit);

interface User {
  readonly username: string;
  readonly uid: number;
}

/** Checks that each of the files gives the user, by name or number, enough ids for the owners of a Debian tree. subuid(5) */
export async function checkSubordinateIds(user: User, files: readonly string[]): Promise<void> {
  const { username, uid } = user;
  for (const file of files) {
    const lines = ((await findText(file)) ?? "").split("\n").map((line) => line.split(":"));
    const counts = lines
      .filter(([owner]) => owner === username || owner === String(uid))
      .map((line) => line[2]);
    if (counts.some((count) => Number(count) >= 65_536)) continue;
    throw new IgneousError(
      "namespaces-refused",
      `${username} has no 65536 subordinate ids in ${file}; files of other owners than root cannot be made without`,
      { hint: `run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}` },
    );
  }
}

/** A container may run as a number that has no name. */
function currentUser(): User {
  try {
    return userInfo();
  } catch {
    const uid = process.getuid?.() ?? -1;
    return { username: String(uid), uid };
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
