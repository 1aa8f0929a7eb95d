import type { Command } from "commander";
import { IgneousError } from "../core/errors.ts";
import { version } from "../core/version.ts";
import { butaneUsage, parseButaneOptions } from "./butane-options.ts";
import { renderFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { createPaint } from "./paint.ts";

/** Adds `butane`, which takes the arguments of the program of that name and answers as it does. */
export function addButaneCommand(program: Command, io: Io): void {
  program
    .command("butane")
    .summary("translate a Butane config to Ignition, as the program butane does")
    .usage("[options] [input-file]")
    .argument("[arguments...]")
    .helpOption(false)
    .allowUnknownOption()
    .action((argv: readonly string[]) => runButaneCommand(io, argv));
}

async function runButaneCommand(io: Io, argv: readonly string[]): Promise<void> {
  const parsed = parseButaneOptions(argv);
  if (typeof parsed === "string") return refuse(io, `${parsed}\n`);
  const { values, files } = parsed;
  if (values.has("help")) return io.stdout(butaneUsage());
  if (values.has("version")) return io.stdout(`igneous ${version} (butane 0.29)\n`);
  const named = values.get("input");
  if (files.length > 1 || (named !== undefined && files.length > 0)) return refuse(io, "");
  const file = named ?? files[0];
  const { butane } = await import("../commands/butane.ts");
  try {
    const run = await butane({
      cwd: io.cwd,
      file: file === "-" ? undefined : file,
      filesDir: values.get("files-dir"),
      output: values.get("output"),
      check: values.has("check"),
      colour: wantsColour(io, values.get("color") ?? values.get("colour") ?? "auto"),
      // Programs that read the messages get butane's bytes, a person at a terminal also gets the cure.
      hints: io.isTerminal,
      pretty: values.has("pretty"),
      rawErrors: values.has("raw-errors"),
      strict: values.has("strict"),
      ignitionMax: values.get("ignition-max"),
    });
    for (const piece of run.stderr) io.stderr(piece);
    io.stdout(run.stdout);
    io.setExitCode(run.exit);
  } catch (error) {
    if (!(error instanceof IgneousError)) throw error;
    io.stderr(renderFailure(error, createPaint(io.colour)));
    io.setExitCode(error.exitCode);
  }
}

function refuse(io: Io, message: string): void {
  io.stderr(message + butaneUsage());
  io.setExitCode(2);
}

function wantsColour(io: Io, setting: string): boolean {
  if (setting === "always" || setting === "yes") return true;
  return setting === "auto" && io.colour;
}
