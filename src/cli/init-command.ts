import type { Command } from "commander";
import { resolve } from "node:path";
import { withOutputOptions } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

export function addInitCommand(program: Command, io: Io): void {
  const command = program
    .command("init")
    .argument("[dir]", "folder to write to", ".")
    .summary("write a commented igneous.yaml with its templates")
    .description(
      "Writes igneous.yaml, butane/ and packer/ that lock and bake as they are. Overwrites nothing.",
    );
  withOutputOptions(command).action(async (dir: string, options: OutputOptions) => {
    await runCommand(io, options, async () => {
      const { initProject } = await import("../commands/init.ts");
      const result = await initProject(resolve(io.cwd, dir));
      const lines = result.files.map((file) => `  ${file}\n`).join("");
      return { data: result, text: () => `wrote to ${result.folder}:\n${lines}next: igneous lock\n` };
    });
  });
}
