import type { Command } from "commander";
import { resolve } from "node:path";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
  readonly out?: string;
}

export function addReportCommand(program: Command, io: Io): void {
  const command = program
    .command("report")
    .argument("<rollout>", "id of a rollout of the lock, or first digits of a build id")
    .summary("write one HTML page about a rollout or a build")
    .description(
      "Writes one page that needs nothing else: what happened when, to which instances, why, and what changed.",
    )
    .option(
      "--out <file>",
      "where the page goes (default: .igneous/rollouts/ID.html, of a build .igneous/builds/ID/report.html)",
    );
  withOutputOptions(withProjectOption(command)).action(async (subject: string, options: Options) => {
    await runCommand(io, options, async (context) => {
      const { report } = await import("../commands/report.ts");
      const out = options.out === undefined ? {} : { out: resolve(io.cwd, options.out) };
      const result = await report(context, { folder: resolve(io.cwd, options.project), subject, ...out });
      return { data: result, text: () => `${result.path}\n` };
    });
  });
}
