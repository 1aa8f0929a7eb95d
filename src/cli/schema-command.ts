import { Argument, type Command } from "commander";
import { withOutputOptions } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

export function addSchemaCommand(program: Command, io: Io): void {
  const command = program
    .command("schema")
    .addArgument(new Argument("<document>", "what to describe").choices(["spec", "butane"]))
    .summary("print a JSON schema for editors")
    .description(
      "Prints the JSON schema of igneous.yaml or of Butane configs, for editors (yaml-language-server).",
    );
  withOutputOptions(command).action(async (document: "spec" | "butane", options: OutputOptions) => {
    await runCommand(io, options, async () => {
      const { jsonSchema } = await import("../commands/schema.ts");
      const data = jsonSchema(document);
      return { data, text: () => `${JSON.stringify(data, null, 2)}\n` };
    });
  });
}
