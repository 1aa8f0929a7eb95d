import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import { connectGuest, type Guest, makeKey } from "../../src/disk/guest.ts";
import { bootMachine, type Machine } from "../../src/disk/machine.ts";
import type { Link } from "../../src/disk/qemu-argv.ts";
import { sleep } from "../../src/host/clock.ts";
import { testContext } from "../tools.ts";
import { evidenceFolder, giveEvidence } from "./node-evidence.ts";
import { igneous } from "./project.ts";

/** Seconds on hardware; each is multiplied with the machine's slowness, as its kernel's start shows it. */
const limits = { login: 120, answer: 120, progress: 150 } as const;
/** Until the kernel has told how slow the machine is. */
const unknownSlowness = 10;
const pauseMs = 5000;

/** Adds lines to a project's spec, locks it and bakes it without its boot check; a project that was kept has that already. */
export async function bakeChanged(project: string, change: (spec: string) => string): Promise<BakeResult> {
  const path = join(project, "igneous.yaml");
  const spec = change(readFileSync(path, "utf8"));
  const result = join(project, `bake-${createHash("sha256").update(spec).digest("hex").slice(0, 12)}.json`);
  writeFileSync(path, spec);
  for (const words of existsSync(result) ? [] : [["lock"], ["bake", "--no-boot-test", "--json"]]) {
    const { exit, stdout, stderr } = await igneous(project, ...words);
    if (exit !== 0) throw new Error(`igneous ${words.join(" ")}: ${stderr}`);
    if (words[0] === "bake") writeFileSync(result, stdout);
  }
  return JSON.parse(readFileSync(result, "utf8")) as BakeResult;
}

export interface NodeMachine {
  readonly machine: Machine;
  readonly key: string;
  /** Runs a script as root; a status other than 0 is an error with all that it said. */
  readonly sh: (script: string) => Promise<string>;
  /** Runs a script again and again until it succeeds; gives what it said and how long that took. */
  readonly until: (
    what: string,
    script: string,
  ) => Promise<{ readonly said: string; readonly seconds: number }>;
  /** Runs a script, then waits for another boot that answers; gives the seconds in between. */
  readonly reboot: (script: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

interface MachineInput {
  readonly folder: string;
  readonly name: string;
  readonly disk: string;
  /** Ignition configuration, as JSON. */
  readonly launch: string;
  readonly memoryBytes: number;
  /** A second network card for machines that talk to each other. */
  readonly link?: Link;
  readonly leavePanics?: boolean;
}

/**
 * Starts a machine from a baked disk, whose own bytes stay as they are. Its serial log, and its journal when something
 * did not come, stay in {@link evidenceFolder} after the test.
 */
export async function startNode(input: MachineInput): Promise<NodeMachine> {
  const context = testContext();
  const folder = join(input.folder, input.name);
  mkdirSync(folder, { recursive: true });
  // In a project that was kept, the machine goes on where it was.
  const key = existsSync(join(folder, "key")) ? join(folder, "key") : await makeKey(context, folder);
  const ignition = join(folder, "launch.ign");
  writeFileSync(ignition, input.launch);
  const machine = await bootMachine(context, {
    overlay: join(folder, "overlay.qcow2"),
    disk: input.disk,
    diskBytes: 12 * 2 ** 30,
    memoryBytes: input.memoryBytes,
    cpus: 2,
    forwards: [{ host: 0, guest: 22 }],
    ignition,
    rootKey: readFileSync(`${key}.pub`, "utf8").trim(),
    serialLog: join(evidenceFolder(input.folder), `${input.name}.serial.log`),
    throwaway: true,
    leavePanics: input.leavePanics === true,
    ...(input.link === undefined ? {} : { link: input.link }),
  });
  const limitMs = (seconds: number): number =>
    seconds * 1000 * (machine.serial.slowness() ?? unknownSlowness);
  const address = {
    user: "root",
    host: "127.0.0.1",
    port: machine.ports.get(22) ?? 0,
    key,
    anyHostKey: true,
  };
  let guest: Guest | undefined;
  const run: Guest["run"] = async (script, ms) => {
    const off = machine.exited.then(() => Promise.reject(new Error(`${input.name} is off`)));
    guest ??= await Promise.race([connectGuest(context, address, limitMs(limits.login)), off]);
    return Promise.race([guest.run(script, ms), off]);
  };
  const forget = async (): Promise<void> => {
    await guest?.close();
    guest = undefined;
  };
  const fail = async (why: string): Promise<never> => {
    const evidence = await giveEvidence(input, (script) => run(script, limitMs(limits.answer)));
    throw new Error(`${input.name}: ${why}\n${evidence}`);
  };
  const until: NodeMachine["until"] = async (what, script) => {
    const started = performance.now();
    let last = "";
    while (performance.now() - started < limitMs(limits.progress)) {
      const { exit, stdout, stderr } = await run(script, limitMs(limits.answer));
      if (exit === 0)
        return { said: stdout.trim(), seconds: Math.round((performance.now() - started) / 1000) };
      last = `${stdout}${stderr}`;
      if (exit === 255) await forget();
      else if ((await run(isHopeless, limitMs(limits.answer))).exit === 0) break;
      await sleep(pauseMs, context.signal);
    }
    const seconds = Math.round((performance.now() - started) / 1000);
    return fail(`${what} did not come within ${seconds} s: ${last}`);
  };
  const sh = async (script: string): Promise<string> => {
    const { exit, stdout, stderr } = await run(script, limitMs(limits.answer));
    if (exit !== 0) return fail(`${script}\nexit status ${exit}\n${stdout}${stderr}`);
    return stdout.trim();
  };
  const bootId = "cat /proc/sys/kernel/random/boot_id";
  return {
    machine,
    key,
    sh,
    until,
    reboot: async (script) => {
      const before = await sh(bootId);
      await sh(script);
      const started = performance.now();
      await run("sync; systemctl reboot", limitMs(limits.answer));
      await forget();
      await until("the next boot", `[ "$(${bootId})" != ${before} ]`);
      return Math.round((performance.now() - started) / 1000);
    },
    stop: async () => {
      await forget();
      await machine.kill();
    },
  };
}

/** igneous-health has given up, and it is no trial boot, which would be started again. */
const isHopeless =
  "grep --quiet '^unhealthy' /run/igneous/health && ! { grep --quiet '^tries=[0-9]' /boot/grub/grubenv && ! grep --quiet '^fell_back=1' /boot/grub/grubenv; }";

/** Writes a measured time where `npm run test:e2e` shows it and a person finds it. */
export function note(project: string, text: string): void {
  appendFileSync(join(project, "times.txt"), `${text}\n`);
  process.stderr.write(`  ${text}\n`);
}
