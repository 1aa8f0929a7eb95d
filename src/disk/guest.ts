import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { sleep } from "../host/clock.ts";
import { type Argv, type RunResult, run, start } from "../host/exec.ts";
import { makeFolder, removeTree } from "../host/folders.ts";

/** A shell on a machine, over one ssh connection: a login costs an emulated machine many seconds, a command under one. */
export interface Guest {
  /** Runs a text with sh as root. Any exit status is returned; a broken connection or the time limit is an error. */
  readonly run: (script: string, ms: number) => Promise<RunResult>;
  readonly close: () => Promise<void>;
}

export interface GuestAddress {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** Private key file; the user's own keys and agent when not given. */
  readonly key?: string;
  /** A machine made a moment ago has a host key that nobody knows yet. */
  readonly anyHostKey?: boolean;
  /** File with the host keys to believe, instead of the user's own. */
  readonly knownHosts?: string;
}

const allExits: readonly number[] = Array.from({ length: 256 }, (_, exit) => exit);
const retryMs = 1500;

/** Makes a key pair for one check; `folder`/key and `folder`/key.pub. */
export async function makeKey(context: Context, folder: string): Promise<string> {
  const key = join(folder, "key");
  await run(context, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "igneous", "-f", key]);
  return key;
}

/** What waiting does not cure on a machine that is up: it answered, or there is no such name. */
export const finalRefusal =
  /Host key verification failed|Permission denied|REMOTE HOST IDENTIFICATION|Could not resolve hostname|Connection refused|No route to host|Too many authentication failures/u;

/** Logs in, trying again until the machine answers, it says something that is `final`, or `ms` have passed. */
export async function connectGuest(
  context: Context,
  address: GuestAddress,
  ms: number,
  final?: RegExp,
): Promise<Guest> {
  // Not below the project: the path of a socket may have 107 characters only.
  const folder = await makeFolder(context.env["TMPDIR"] ?? "/tmp", "igneous-ssh-");
  const options = sshOptions(address, join(folder, "s"));
  const target = `${address.user}@${address.host}`;
  const deadline = performance.now() + ms;
  let said = "";
  try {
    for (;;) {
      const master = start(context, ["ssh", "-M", "-N", ...options, target]);
      const ended = master.done.then(
        () => false,
        () => false,
      );
      while (performance.now() < deadline) {
        const wait = sleep(retryMs, context.signal).then(() => true);
        if (!(await Promise.race([ended, wait]))) break;
        const check = await run(context, ["ssh", "-O", "check", ...options, target], { okExits: allExits });
        if (check.exit === 0) return guestOver(context, options, target, master.kill, folder);
      }
      master.kill();
      await ended;
      said = master.stderrTail().trim().split("\n").at(-1) ?? "";
      if (performance.now() >= deadline || final?.test(said) === true) break;
      await sleep(retryMs, context.signal);
    }
  } catch (error) {
    await removeTree(folder);
    throw error;
  }
  await removeTree(folder);
  const waited = final?.test(said) === true ? "" : ` within ${Math.round(ms / 1000)} s`;
  const why = said === "" ? "" : `: ${said}`;
  throw new IgneousError("login-failed", `no login at ${target} port ${address.port}${waited}${why}`, {
    hint: `see what ssh says: ssh -v -p ${address.port} ${address.key === undefined ? "" : `-i ${address.key} `}${target} true`,
  });
}

function guestOver(
  context: Context,
  options: readonly string[],
  target: string,
  kill: () => void,
  folder: string,
): Guest {
  return {
    run: (script, ms) => {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(Math.ceil(ms))]);
      const argv: Argv = ["ssh", ...options, target, "sh -s"];
      return run({ ...context, signal }, argv, { input: guarded(script), okExits: allExits }).catch(
        (error: unknown) => {
          if (context.signal.aborted || !signal.aborted) throw error;
          return { stdout: "", stderr: `no answer within ${Math.round(ms / 1000)} s`, exit: 124 };
        },
      );
    },
    close: async () => {
      kill();
      await removeTree(folder);
    },
  };
}

/** A command of the script cannot read the rest of it, and "not found" there is told from "no ssh here" (127). */
function guarded(script: string): string {
  return `(\n${script}\n) </dev/null\nstatus=$?; [ $status -ne 127 ] || status=126; exit $status\n`;
}

function sshOptions({ port, key, anyHostKey, knownHosts }: GuestAddress, socket: string): readonly string[] {
  const settings = [
    "BatchMode=yes",
    "ConnectTimeout=60",
    "ServerAliveInterval=30",
    "ServerAliveCountMax=10",
    "LogLevel=ERROR",
    `ControlPath=${socket}`,
    ...(anyHostKey === true ? ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"] : []),
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${knownHosts}`]),
    ...(key === undefined ? [] : ["IdentitiesOnly=yes"]),
  ];
  const own = settings.flatMap((setting) => ["-o", setting]);
  return ["-p", String(port), ...own, ...(key === undefined ? [] : ["-i", key])];
}
