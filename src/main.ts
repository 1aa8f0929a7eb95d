#!/usr/bin/env node
import type { Context } from "./core/context.ts";
import { IgneousError } from "./core/errors.ts";
import { hostContext } from "./host/context.ts";
import { askTerminal } from "./cli/ask.ts";
import { every } from "./host/clock.ts";
import { growHeapAtOnce } from "./host/heap.ts";
import { takeKeys } from "./host/terminal-keys.ts";
import { runProgram } from "./cli/program.ts";
import type { Io } from "./cli/io.ts";

growHeapAtOnce();
const stop = new AbortController();

// The SDK's advice about Node's next version is for its developers, not for those who run igneous.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

function onSignal(name: "SIGINT" | "SIGTERM"): void {
  const exit = name === "SIGINT" ? 130 : 143;
  if (stop.signal.aborted) process.exit(exit);
  process.exitCode = exit;
  const hint = "run the same command again; it goes on from what is done";
  stop.abort(new IgneousError("interrupted", `stopped by ${name}`, { hint }));
}

process.on("SIGINT", () => onSignal("SIGINT"));
process.on("SIGTERM", () => onSignal("SIGTERM"));
// A reader that goes away (`igneous … | head`) is not an error of ours.
process.stdout.on("error", () => undefined);

const io: Io = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  isTerminal:
    process.stderr.isTTY === true && process.env["CI"] === undefined && process.env["TERM"] !== "dumb",
  colour: process.stderr.isTTY === true && process.env["NO_COLOR"] === undefined,
  columns: () => process.stderr.columns ?? 80,
  screen: () =>
    process.stdout.isTTY === true && process.env["TERM"] !== "dumb"
      ? { columns: process.stdout.columns, rows: process.stdout.rows }
      : undefined,
  every,
  takeKeys: process.stdin.isTTY && process.stderr.isTTY ? takeKeys : undefined,
  cwd: process.cwd(),
  ask:
    process.stdin.isTTY === true && process.stderr.isTTY === true
      ? (question) => askTerminal(question, { signal: stop.signal, onInterrupt: () => onSignal("SIGINT") })
      : undefined,
  createContext: (emit): Context => hostContext(emit, stop.signal),
  setExitCode: (code) => {
    if (process.exitCode === undefined || !stop.signal.aborted) process.exitCode = code;
  },
};

await runProgram(io, process.argv);
