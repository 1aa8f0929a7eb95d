import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Finished, igneous, program } from "./project.ts";

/** A build that `igneous boot` runs on a terminal of its own, as a person would. */
export interface BootedMachine {
  /** Types at the serial console. */
  readonly type: (keys: string) => void;
  /** Runs a command as root over ssh, and gives what it printed. */
  readonly ssh: (command: string) => string;
  readonly rollback: (...words: readonly string[]) => Promise<Finished>;
  /** What the terminal has shown so far. */
  readonly shown: () => string;
  readonly ended: Promise<number | null>;
  readonly process: ChildProcess;
}

const loginLine = /log in: ssh -p (\d+) -i (\S+)/u;
const waitMs = 900_000;

/** Boots a build and returns when root can log in over ssh. The terminal is one that script(1) makes. */
export async function bootMachine(project: string, build: string): Promise<BootedMachine> {
  const boot = `${process.execPath} ${program} boot ${build} --fresh --forward 22`;
  const child = spawn("script", ["--quiet", "--return", "--command", boot, "/dev/null"], {
    cwd: project,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  const ended = new Promise<number | null>((done) => child.on("close", (exit) => done(exit)));
  const login = await until(ended, () => loginLine.exec(shown));
  const [, port = "", key = ""] = login;
  const knownHosts = join(project, "known-hosts");
  const scanned = await until(ended, () => {
    const { stdout } = tryRun("ssh-keyscan", ["-T", "60", "-t", "ed25519", "-p", port, "127.0.0.1"]);
    return stdout === "" ? null : stdout;
  });
  writeFileSync(knownHosts, scanned);
  const options = ["-p", port, "-i", key, "-o", `UserKnownHostsFile=${knownHosts}`, "-o", "BatchMode=yes"];
  const argv = (command: string): string[] => [...options, "root@127.0.0.1", command];
  await until(ended, () => (tryRun("ssh", argv("true")).exit === 0 ? true : null));
  return {
    type: (keys) => void child.stdin.write(keys),
    ssh: (command) => execFileSync("ssh", argv(command), { encoding: "utf8" }),
    rollback: (...words) => {
      const target = ["--host", `ssh://root@127.0.0.1:${port}`, "--key", key, "--known-hosts", knownHosts];
      return igneous(project, "rollback", ...target, ...words);
    },
    shown: () => shown,
    ended,
    process: child,
  };
}

/** How many QEMUs run on a disk of this project. */
export function machinesOf(project: string): number {
  const { stdout } = tryRun("pgrep", ["--full", "--count", `qemu-system.*${project}`]);
  return Number(stdout);
}

/** The first answer that is not null; an error when the machine ends before, or after a quarter of an hour. */
export async function until<T>(ended: Promise<unknown>, ask: () => T | null): Promise<T> {
  const deadline = performance.now() + waitMs;
  const over = ended.then(() => true);
  while (performance.now() < deadline) {
    const answer = ask();
    if (answer !== null) return answer;
    const pause = new Promise<false>((resolve) => setTimeout(() => resolve(false), 1000));
    if (await Promise.race([over, pause])) throw new Error("the machine ended");
  }
  throw new Error("the machine did not answer in time");
}

function tryRun(name: string, argv: readonly string[]): { readonly exit: number; readonly stdout: string } {
  try {
    const stdout = execFileSync(name, argv, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return { exit: 0, stdout };
  } catch (error) {
    const { status, stdout } = error as { readonly status?: number; readonly stdout?: string };
    return { exit: status ?? -1, stdout: stdout ?? "" };
  }
}
