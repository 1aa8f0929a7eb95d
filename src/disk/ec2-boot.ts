import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { makeFolder } from "../host/folders.ts";
import { readText } from "../host/files.ts";
import type { BootCheckInput } from "./boot-check.ts";
import { checkOneBoot } from "./boot-pass.ts";
import type { BootSummary, Check, CheckResult } from "./boot-report.ts";
import { expectedHostname, withLogin } from "./ec2-config.ts";
import { surroundEc2 } from "./ec2-surroundings.ts";
import { connectGuest, makeKey } from "./guest.ts";
import { bootMachine, type Machine } from "./machine.ts";

export interface Ec2Boot {
  readonly summary: BootSummary;
  readonly checks: readonly CheckResult[];
  readonly panics: number;
}

const loginMs = 600_000;

/**
 * Boots a disk the way EC2 does: NVMe root, firmware that says "Amazon EC2", launch configuration as user data from a
 * metadata service that demands version 2. No instance is started anywhere. `folder` is for what nobody needs afterwards.
 */
export async function checkEc2Boot(
  context: Context,
  input: BootCheckInput & Required<Pick<BootCheckInput, "userData">>,
  folder: string,
): Promise<Ec2Boot> {
  const key = await makeKey(context, folder);
  const coreKey = await makeKey(context, await makeFolder(folder, "core-"));
  const config = withLogin(await readText(input.ignition), (await readText(`${coreKey}.pub`)).trim());
  const around = await surroundEc2(context, folder, input.userData(config));
  const { ignition: _fileOfQemu, ...machineInput } = input;
  try {
    const machine = await bootMachine(context, {
      ...machineInput,
      ec2: around.ec2,
      overlay: join(folder, "ec2.qcow2"),
      serialLog: join(input.folder, "serial-ec2.log"),
      rootKey: (await readText(`${key}.pub`)).trim(),
      forwards: [{ host: 0, guest: 22 }],
      throwaway: true,
    });
    try {
      const hostname = expectedHostname(config);
      const checks = [...input.host.checks, ...platformChecks(hostname)];
      const pass = await checkOneBoot(context, machine, {
        boot: "ec2",
        key,
        deployment: { ...input.host, checks },
        state: [],
        identity: undefined,
      });
      const more = [await checkLogin(context, machine, coreKey), checkUserData(around.asked())];
      return { summary: pass.summary, checks: [...pass.checks, ...more], panics: machine.serial.panics() };
    } finally {
      await machine.kill();
    }
  } finally {
    await around.close();
  }
}

function platformChecks(hostname: string | undefined): readonly Check[] {
  const hostnames =
    hostname === undefined
      ? []
      : [{ name: "hostname", command: "hostname", expect: { matches: `^${hostname}$` } }];
  return [
    { name: "platform-aws", command: "cat /proc/cmdline", expect: { contains: "ignition.platform.id=aws" } },
    {
      name: "root-on-nvme",
      command: "findmnt -n -o SOURCE --target /sysroot",
      expect: { contains: "/dev/nvme0n1p" },
    },
    ...hostnames,
  ];
}

/** The key that only user data brought opens the machine. */
async function checkLogin(context: Context, machine: Machine, key: string): Promise<CheckResult> {
  const started = performance.now();
  const port = machine.ports.get(22) ?? 0;
  const address = { user: "core", host: "127.0.0.1", port, key, anyHostKey: true };
  const result = { boot: "ec2" as const, name: "ssh-key-from-user-data" };
  const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
  try {
    const guest = await connectGuest(context, address, loginMs);
    const { stdout } = await guest.run("id -un", loginMs).finally(guest.close);
    const passed = stdout.trim() === "core";
    return { ...result, passed, seconds: seconds(), evidence: stdout.trim() };
  } catch (error) {
    context.signal.throwIfAborted();
    const evidence = error instanceof Error ? error.message : String(error);
    return { ...result, passed: false, seconds: seconds(), evidence, wanted: "a login as core" };
  }
}

function checkUserData(asked: readonly string[]): CheckResult {
  const token = asked.indexOf("PUT /latest/api/token 200");
  const passed = token !== -1 && asked.slice(token).some((line) => /^GET \/\S+\/user-data 200$/u.test(line));
  const wanted = passed ? {} : { wanted: "a token, and with it the user data" };
  return {
    boot: "ec2",
    name: "user-data-by-imdsv2",
    passed,
    seconds: 0,
    evidence: asked.join("\n"),
    ...wanted,
  };
}
