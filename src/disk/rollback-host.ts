import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { parseJson } from "../core/json.ts";
import { sleep } from "../host/clock.ts";
import { connectGuest, finalRefusal, type Guest, type GuestAddress } from "./guest.ts";
import { HostStatus } from "./schema.ts";

export interface RollbackResult {
  readonly before: HostStatus;
  /** After the reboot when there was one, otherwise with the other deployment as the next one. */
  readonly after: HostStatus;
}

interface RollbackOptions {
  readonly reboot: boolean;
  /** How long the node may take to come back. */
  readonly waitMs?: number;
  /** Private key file; the user's own keys and agent when not given. */
  readonly key?: string;
  /** For a machine of a moment ago, whose host key nobody can know. */
  readonly anyHostKey?: boolean;
  /** File with the host keys to believe, instead of the user's own. */
  readonly knownHosts?: string;
}

const answerMs = 120_000;
const loginMs = 120_000;
const pauseMs = 3000;
const defaultWaitMs = 900_000;

/**
 * Makes the previous deployment of a node its default, and with `reboot` waits until the node has started it. Refuses with
 * the node's own words when there is nothing to go back to.
 */
export async function rollbackHost(
  context: Context,
  target: string,
  options: RollbackOptions,
): Promise<RollbackResult> {
  const { reboot, waitMs = defaultWaitMs, ...login } = options;
  const address: GuestAddress = { ...parseTarget(target), ...login };
  const guest = await connectGuest(context, address, loginMs, finalRefusal);
  let before: HostStatus;
  try {
    before = await readStatus(guest, address);
    await ask(guest, address, "rollback");
    if (!reboot) return { before, after: await readStatus(guest, address) };
    await guest.run(`${sudo(address)}systemctl reboot`, answerMs);
  } finally {
    await guest.close();
  }
  const wanted = before.rollback?.commit ?? "";
  return { before, after: await waitForCommit(context, address, wanted, waitMs) };
}

/** Reads `ssh://user@host:port`; the user is root and the port 22 when not said. */
export function parseTarget(target: string): GuestAddress {
  const match =
    /^ssh:\/\/(?:([a-z_][a-z0-9_-]*)@)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?\/?$/u.exec(target);
  if (match === null || match[2]?.startsWith("-") === true) {
    throw new IgneousError("usage", `'${target}' is no host; wanted ssh://USER@HOST:PORT`);
  }
  const host = (match[2] ?? "").replaceAll(/[[\]]/gu, "");
  return { user: match[1] ?? "root", host, port: Number(match[3] ?? 22) };
}

async function waitForCommit(
  context: Context,
  address: GuestAddress,
  commit: string,
  waitMs: number,
): Promise<HostStatus> {
  const deadline = performance.now() + waitMs;
  let seen = "the node did not answer";
  while (performance.now() < deadline) {
    await sleep(pauseMs, context.signal);
    try {
      const guest = await connectGuest(context, address, deadline - performance.now());
      try {
        const status = await readStatus(guest, address);
        if (status.booted.commit === commit) return status;
        seen = `it runs ${status.booted.commit}`;
      } finally {
        await guest.close();
      }
    } catch (error) {
      // The node may go away in the middle of an answer; only the deadline counts.
      if (context.signal.aborted) throw error;
    }
  }
  const message = `${address.host} did not start ${commit} within ${Math.round(waitMs / 1000)} s: ${seen}`;
  throw new IgneousError("boot-failed", message, {
    hint: "look at its console, then run: igneous-host status",
  });
}

async function readStatus(guest: Guest, address: GuestAddress): Promise<HostStatus> {
  const text = await ask(guest, address, "status --json");
  const isStatus = (value: unknown): value is HostStatus => HostStatus.safeParse(value).success;
  return HostStatus.parse(
    parseJson(
      text,
      isStatus,
      (cause) =>
        new IgneousError(
          "rollback-refused",
          `${address.host} does not run an igneous-host that we understand`,
          { cause },
        ),
    ),
  );
}

async function ask(guest: Guest, address: GuestAddress, verb: string): Promise<string> {
  const { exit, stdout, stderr } = await guest.run(`${sudo(address)}igneous-host ${verb}`, answerMs);
  if (exit === 0) return stdout;
  const said = stderr.trim().replace(/^igneous-host: /u, "");
  throw new IgneousError(
    "rollback-refused",
    `${address.host}: ${said === "" ? `exit status ${exit}` : said}`,
    {
      hint: `see: ssh -p ${address.port} ${address.user}@${address.host} igneous-host status`,
    },
  );
}

function sudo({ user }: GuestAddress): string {
  return user === "root" ? "" : "sudo -n ";
}
