import { Command, CommanderError } from "commander";
import { version } from "../core/version.ts";
import { addGcCommand, addIamPolicyCommand } from "./aws-commands.ts";
import { addBakeCommand } from "./bake-command.ts";
import { addCacheCommand, addImportCommand } from "./import-command.ts";
import { addButaneCommand } from "./butane-command.ts";
import { addIgnitionCommand } from "./ignition-command.ts";
import { addInitCommand } from "./init-command.ts";
import { addLockCommand } from "./lock-command.ts";
import { addBootCommand, addVerifyCommand } from "./machine-commands.ts";
import { addPublishCommand } from "./publish-command.ts";
import { addRenderCommand } from "./render-command.ts";
import { addRollbackCommand } from "./rollback-command.ts";
import { addReportCommand } from "./report-command.ts";
import { addRolloutCommand } from "./rollout-command.ts";
import { addSchemaCommand } from "./schema-command.ts";
import { addStatusCommand } from "./status-command.ts";
import { addTokenCommand } from "./token-command.ts";
import type { Io } from "./io.ts";

const commands = [
  addInitCommand,
  addLockCommand,
  addBakeCommand,
  addRenderCommand,
  addVerifyCommand,
  addBootCommand,
  addPublishCommand,
  addStatusCommand,
  addGcCommand,
  addIamPolicyCommand,
  addRolloutCommand,
  addRollbackCommand,
  addTokenCommand,
  addReportCommand,
  addImportCommand,
  addCacheCommand,
  addButaneCommand,
  addIgnitionCommand,
  addSchemaCommand,
] as const;

/** The whole command line. Each command imports what it does only when it runs, so that start-up stays quick. */
export function createProgram(io: Io): Command {
  const program = new Command("igneous")
    .description("Bake immutable, reviewed machine images for Kubernetes nodes that also run geth")
    .version(version)
    .showHelpAfterError("(igneous --help lists the commands)")
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .exitOverride((error: CommanderError) => {
      io.setExitCode(error.exitCode === 0 ? 0 : 2);
      throw error;
    });
  for (const add of commands) add(program, io);
  return program;
}

/** Parses the arguments and runs the command. Usage errors were already printed by commander; their status is 2. */
export async function runProgram(io: Io, argv: readonly string[]): Promise<void> {
  try {
    await createProgram(io).parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
}
