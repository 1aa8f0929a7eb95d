import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { BakeResult } from "../../src/commands/bake-result.ts";
import { connectGuest, type Guest, makeKey } from "../../src/disk/guest.ts";
import { bootMachine, type Machine } from "../../src/disk/machine.ts";
import type { Link } from "../../src/disk/qemu-argv.ts";
import { sleep } from "../../src/host/clock.ts";
import { testContext } from "../tools.ts";
import { igneous } from "./project.ts";

/** Everything here waits for a machine of emulated CPUs on a machine that may have other work. */
const patienceMs = 1_500_000;
const pauseMs = 5000;

/** Adds lines to a project's spec, locks it and bakes it without its boot check. */
export async function bakeChanged(project: string, change: (spec: string) => string): Promise<BakeResult> {
  const path = join(project, "igneous.yaml");
  writeFileSync(path, change(readFileSync(path, "utf8")));
  for (const words of [["lock"], ["bake", "--no-boot-test", "--json"]]) {
    const { exit, stdout, stderr } = await igneous(project, ...words);
    if (exit !== 0) throw new Error(`igneous ${words.join(" ")}: ${stderr}`);
    if (words[0] === "bake") return JSON.parse(stdout) as BakeResult;
  }
  throw new Error("nothing was baked");
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
}

/** Starts a machine from a baked disk, whose own bytes stay as they are. */
export async function startNode(input: MachineInput): Promise<NodeMachine> {
  const context = testContext();
  const folder = join(input.folder, input.name);
  mkdirSync(folder);
  const key = await makeKey(context, folder);
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
    serialLog: join(folder, "serial.log"),
    throwaway: true,
    ...(input.link === undefined ? {} : { link: input.link }),
  });
  const address = {
    user: "root",
    host: "127.0.0.1",
    port: machine.ports.get(22) ?? 0,
    key,
    anyHostKey: true,
  };
  const login = (): Promise<Guest> =>
    Promise.race([
      connectGuest(context, address, patienceMs),
      machine.exited.then(() => Promise.reject(new Error(`${input.name} is off`))),
    ]);
  let guest: Guest | undefined;
  const run = async (script: string): ReturnType<Guest["run"]> => {
    guest ??= await login();
    return guest.run(script, patienceMs);
  };
  const until: NodeMachine["until"] = async (what, script) => {
    const started = performance.now();
    let last = "";
    while (performance.now() - started < patienceMs) {
      const { exit, stdout, stderr } = await run(script);
      if (exit === 0)
        return { said: stdout.trim(), seconds: Math.round((performance.now() - started) / 1000) };
      last = `${stdout}${stderr}`;
      if (exit === 255) await forget();
      await sleep(pauseMs, context.signal);
    }
    throw new Error(`${input.name}: ${what} did not come: ${last}`);
  };
  const forget = async (): Promise<void> => {
    await guest?.close();
    guest = undefined;
  };
  const sh = async (script: string): Promise<string> => {
    const { exit, stdout, stderr } = await run(script);
    if (exit !== 0) throw new Error(`${input.name}: ${script}\nexit status ${exit}\n${stdout}${stderr}`);
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
      await run("sync; systemctl reboot");
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

/** Writes a measured time where `npm run test:e2e` shows it and a person finds it. */
export function note(project: string, text: string): void {
  appendFileSync(join(project, "times.txt"), `${text}\n`);
  process.stderr.write(`  ${text}\n`);
}

/** Removes a project with all that was baked in it. */
export function removeProject(project: string): void {
  if (project !== "") execFileSync("rm", ["-rf", project]);
}
