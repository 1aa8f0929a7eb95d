import type { Command } from "commander";

/** Adds the options that every command has. */
export function withOutputOptions(command: Command): Command {
  return command
    .option("--json", "print the result as JSON on stdout and the news as JSON lines on stderr")
    .option("--quiet", "print only the result, warnings and errors")
    .option("--no-color", "print without colours");
}

/** Adds the option that names the project. */
export function withProjectOption(command: Command): Command {
  return command.option("-C, --project <dir>", "folder of igneous.yaml", ".");
}
