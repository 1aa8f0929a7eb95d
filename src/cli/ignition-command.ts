import type { Command } from "commander";
import { renderReport } from "../core/report.ts";
import { withOutputOptions } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

/** Adds `ignition validate` and `ignition merge`. */
export function addIgnitionCommand(program: Command, io: Io): void {
  const ignition = program.command("ignition").summary("check and merge Ignition configs");
  const validate = ignition
    .command("validate")
    .argument("<file>", "Ignition config, or - for standard input")
    .summary("check an Ignition config")
    .description(
      "Checks an Ignition config of spec 3.0 to 3.7, as ignition-validate does, with lines and columns.",
    );
  withOutputOptions(validate).action(async (file: string, options: OutputOptions) => {
    await runCommand(io, options, async () => {
      const { validateIgnition } = await import("../commands/ignition.ts");
      const { file: name, version, report } = await validateIgnition(io.cwd, file);
      return {
        data: { file: name, version, diagnostics: report.diagnostics },
        text: () => {
          const warnings = renderReport(report);
          return `${warnings === "" ? "" : `${warnings}\n`}${name} is a valid Ignition ${version} config\n`;
        },
      };
    });
  });
  const merge = ignition
    .command("merge")
    .argument("<files...>", "Ignition configs; each is merged over those before it")
    .summary("merge Ignition configs")
    .description("Merges Ignition configs as the spec says and prints the result. Nothing is fetched.");
  withOutputOptions(merge).action(async (files: readonly string[], options: OutputOptions) => {
    await runCommand(io, options, async (context) => {
      const { mergeIgnition } = await import("../commands/ignition.ts");
      const { version, json } = await mergeIgnition(context, io.cwd, files);
      return { data: { version, config: JSON.parse(json) as object }, text: () => json };
    });
  });
}
