import { type ChildProcess, spawn } from "node:child_process";
import { PassThrough, type Readable, type Writable } from "node:stream";
import type { Context } from "../core/context.ts";
import { IgneousError, systemErrorCode } from "../core/errors.ts";
import { missingTool } from "./tools.ts";

export type Argv = readonly [string, ...string[]];

interface ExecOptions {
  readonly cwd?: string;
  /** Added to the environment of the context. */
  readonly env?: Readonly<Record<string, string>>;
}

interface RunOptions extends ExecOptions {
  readonly input?: string;
  /** Exit statuses that are not an error; 0 when not given. */
  readonly okExits?: readonly number[];
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

/**
 * Runs a short control command to its end, through zx. All output is kept in memory: for data, use {@link start}.
 * A status that is not expected is a `tool-failed` with the last lines of the program.
 */
export async function run(context: Context, argv: Argv, options: RunOptions = {}): Promise<RunResult> {
  if (options.input !== undefined) return runFed(context, argv, options.input, options);
  const { $ } = await import("zx/core");
  context.signal.throwIfAborted();
  const output = await $({
    quiet: true,
    nothrow: true,
    signal: context.signal,
    env: { ...context.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })`${argv}`;
  context.signal.throwIfAborted();
  const exit = output.exitCode ?? -1;
  if (exit === 127) throw missingTool(argv[0]);
  if (!(options.okExits ?? [0]).includes(exit)) throw toolFailed(argv, exit, output.stderr || output.stdout);
  return { stdout: output.stdout, stderr: output.stderr, exit };
}

/** Without zx: it lets the error of a program that ends before it has read its input end this process too. */
async function runFed(context: Context, argv: Argv, input: string, options: RunOptions): Promise<RunResult> {
  const started = start(context, argv, options);
  started.stdin.end(input);
  const chunks: Buffer[] = [];
  started.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  try {
    await started.done;
  } catch (error) {
    const { exitCode } = started.child;
    const isExpected = exitCode !== null && exitCode !== 0 && (options.okExits ?? [0]).includes(exitCode);
    if (context.signal.aborted || !isExpected) throw error;
  }
  const stdout = Buffer.concat(chunks).toString("utf8");
  return { stdout, stderr: started.stderrTail(), exit: started.child.exitCode ?? -1 };
}

export interface Started {
  readonly child: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** The last 16 KiB that the program wrote to stderr so far. */
  readonly stderrTail: () => string;
  /** Resolves with the exit status when it is 0, rejects with `tool-failed` or the abort reason otherwise. */
  readonly done: Promise<number>;
  /** Ends the program and what it started. */
  readonly kill: (signal?: NodeJS.Signals) => void;
}

interface StartOptions extends ExecOptions {
  /** What an error calls the program, when what is started only leads to it. */
  readonly shownAs?: Argv;
  readonly onStderr?: (text: string) => void;
}

/**
 * Starts a program with piped, streaming stdin and stdout, without a shell. It runs in a process group of its own,
 * which is killed when the context is aborted, and dies with igneous itself (PDEATHSIG), so that nothing is left behind.
 */
export function start(context: Context, argv: Argv, options: StartOptions = {}): Started {
  context.signal.throwIfAborted();
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...argv], {
    cwd: options.cwd,
    env: { ...context.env, ...options.env },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let tail = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    tail = (tail + text).slice(-16_384);
    options.onStderr?.(text);
  });
  const kill = (signal: NodeJS.Signals = "SIGKILL"): void => killGroup(child, signal);
  const onAbort = (): void => kill();
  context.signal.addEventListener("abort", onAbort, { once: true });
  const done = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit, signal) => {
      context.signal.removeEventListener("abort", onAbort);
      if (context.signal.aborted) reject(context.signal.reason);
      else if (exit === 0) resolve(0);
      else if (exit === 127 && tail.includes("failed to execute")) reject(missingTool(argv[0]));
      else reject(toolFailed(options.shownAs ?? argv, exit ?? signal ?? -1, tail));
    });
  });
  // A caller that fails while it feeds the program may never await `done`; that must not become an unhandled rejection.
  done.catch(() => undefined);
  child.stdin.on("error", () => undefined);
  // Node throws away what a program that has ended wrote and nobody has begun to read; this keeps it.
  const stdout = child.stdout.pipe(new PassThrough());
  return { child, stdin: child.stdin, stdout, stderrTail: () => tail, done, kill };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}

function toolFailed(argv: Argv, exit: number | string, output: string): IgneousError {
  const lines = output.trimEnd().split("\n").slice(-12).join("\n");
  const message = `${argv[0]} failed with ${typeof exit === "number" ? `exit status ${exit}` : exit}: ${argv.join(" ")}`;
  if (output.includes("No space left on device")) {
    return new IgneousError("disk-full", `${message}\n${lines}`, {
      hint: "free some room and run the same command again",
    });
  }
  return new IgneousError("tool-failed", lines === "" ? message : `${message}\n${lines}`);
}
