import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../src/core/context.ts";
import { connectGuest, type GuestAddress, makeKey } from "../../src/disk/guest.ts";
import { bootMachine, type Machine } from "../../src/disk/machine.ts";
import { HostStatus } from "../../src/disk/schema.ts";
import type { Answer } from "../fakes/aws/nodes.ts";

/** A machine in QEMU that stands for an instance. */
export interface QemuNode {
  readonly machine: Machine;
  readonly address: GuestAddress;
  /** Scripts that it was sent, oldest first. */
  readonly ran: readonly string[];
  /** Runs a script as Run Command would: as root, when the node can be reached, within ten minutes. */
  readonly run: (script: string) => Promise<Answer>;
  readonly status: () => Promise<HostStatus>;
  /** Until its first boot is over and its deployment is confirmed. */
  readonly waitUntilSettled: (ms: number) => Promise<HostStatus>;
}

interface NodeOptions {
  readonly folder: string;
  readonly disk: string;
  readonly ignition: string;
}

const reachMs = 600_000;

export async function startNode(
  context: Context,
  { folder, disk, ignition }: NodeOptions,
): Promise<QemuNode> {
  mkdirSync(folder, { recursive: true });
  const key = await makeKey(context, folder);
  const launch = join(folder, "launch.ign");
  copyFileSync(ignition, launch);
  const machine = await bootMachine(context, {
    overlay: join(folder, "overlay.qcow2"),
    disk,
    diskBytes: 12 * 2 ** 30,
    memoryBytes: 2 ** 31,
    cpus: 2,
    throwaway: true,
    forwards: [{ host: 0, guest: 22 }],
    ignition: launch,
    rootKey: execFileSync("cat", [`${key}.pub`], { encoding: "utf8" }).trim(),
    serialLog: join(folder, "serial.log"),
  });
  const port = machine.ports.get(22) ?? 0;
  const address: GuestAddress = { user: "root", host: "127.0.0.1", port, key, anyHostKey: true };
  const ran: string[] = [];
  const execute = async (script: string): Promise<Answer> => {
    const guest = await connectGuest(context, address, reachMs);
    try {
      const { exit, stdout, stderr } = await guest.run(script, reachMs);
      // Run Command's own way to show both.
      const output = stderr === "" ? stdout : `${stdout}\n----------ERROR-------\n${stderr}`;
      return { output, code: exit };
    } finally {
      await guest.close();
    }
  };
  const status = async (): Promise<HostStatus> =>
    HostStatus.parse(JSON.parse((await execute("igneous-host status --json")).output));
  return {
    machine,
    address,
    ran,
    status,
    run: async (script) => {
      ran.push(script);
      // A connection that ends while the node goes down is no answer either.
      return execute(script).catch((error: unknown) => ({ output: String(error), code: 255 }));
    },
    waitUntilSettled: async (ms) => {
      const deadline = performance.now() + ms;
      let seen = await status();
      while (!seen.firstBootComplete || seen.triesLeft !== "") {
        if (performance.now() > deadline) throw new Error(`not settled: ${JSON.stringify(seen)}`);
        await new Promise((resolve) => setTimeout(resolve, 5000));
        seen = await status();
      }
      return seen;
    },
  };
}

/** Writes the host key of a node where ssh looks it up. */
export async function learnHostKey(node: QemuNode, path: string): Promise<void> {
  const { output } = await node.run("cat /etc/ssh/ssh_host_ed25519_key.pub");
  writeFileSync(path, `[127.0.0.1]:${node.address.port} ${output}`);
}
