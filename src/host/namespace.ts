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
    const { username, uid } = userInfo();
    for (const file of ["/etc/subuid", "/etc/subgid"]) {
      const lines = ((await findText(file)) ?? "").split("\n");
      const own = lines.filter((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`));
      if (own.every((line) => Number(line.split(":")[2]) < 65_536)) throw noSubordinateIds(username, file);
    }
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

function noSubordinateIds(user: string, file: string): IgneousError {
  return new IgneousError(
    "namespaces-refused",
    `${user} has no 65536 subordinate ids in ${file}; files of other owners than root cannot be made without`,
    { hint: `run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}` },
  );
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
