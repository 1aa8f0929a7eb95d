import type { Command } from "commander";
import type { Diagnostic } from "../core/report.ts";
import { version } from "../core/version.ts";
import { butaneUsage, parseButaneOptions } from "./butane-options.ts";
import { renderReport } from "../core/report.ts";
import { asFailure, renderFailure, renderFailureJson } from "./failure.ts";
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
  const colour =
    !values.has("no-color") && wantsColour(io, values.get("color") ?? values.get("colour") ?? "auto");
  const request = {
    cwd: io.cwd,
    file: file === "-" ? undefined : file,
    output: values.get("output"),
    check: values.has("check"),
    pretty: values.has("pretty"),
    strict: values.has("strict"),
    ignitionMax: values.get("ignition-max"),
  };
  const isQuiet = values.has("quiet");
  try {
    const project = values.get("project");
    if (project !== undefined) {
      const { butaneTemplate } = await import("../commands/template-butane.ts");
      const { stdout, warnings } = await butaneTemplate({ ...request, project });
      if (!isQuiet && warnings.diagnostics.length > 0) {
        io.stderr(values.has("json") ? jsonLines(warnings.diagnostics) : `${renderReport(warnings)}\n`);
      }
      io.stdout(stdout);
      return io.setExitCode(0);
    }
    const { butane } = await import("../commands/butane.ts");
    const run = await butane({
      ...request,
      filesDir: values.get("files-dir"),
      colour,
      // Programs that read the messages get butane's bytes, a person at a terminal also gets the cure.
      hints: io.isTerminal,
      json: values.has("json"),
      rawErrors: values.has("raw-errors"),
    });
    if (!isQuiet || run.exit !== 0) for (const piece of run.stderr) io.stderr(piece);
    io.stdout(run.stdout);
    io.setExitCode(run.exit);
  } catch (thrown) {
    const error = asFailure(thrown);
    if (error === undefined) throw thrown;
    io.stderr(values.has("json") ? renderFailureJson(error) : renderFailure(error, createPaint(colour)));
    io.setExitCode(error.exitCode);
  }
}

function jsonLines(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ severity, ...problem }) => `${JSON.stringify({ type: severity, ...problem })}\n`)
    .join("");
}

function refuse(io: Io, message: string): void {
  io.stderr(message + butaneUsage());
  io.setExitCode(2);
}

function wantsColour(io: Io, setting: string): boolean {
  if (setting === "always" || setting === "yes") return true;
  return setting === "auto" && io.colour;
}
