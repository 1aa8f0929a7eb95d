import type { Command } from "commander";
import { resolve } from "node:path";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
  readonly update?: true | string[];
  readonly check?: boolean;
  readonly refreshGone?: boolean;
  readonly merge?: string;
}

export function addLockCommand(program: Command, io: Io): void {
  const command = program
    .command("lock")
    .summary("resolve every image and package of the spec to its digest and write images.lock.json")
    .description(
      "Resolves every image (tag, index, manifest, config, layers) and every base package (from the signed archive\n" +
        "index) and writes images.lock.json. What is locked stays locked unless --update names it.",
    )
    .option(
      "--update [names...]",
      "resolve again: the images with these names, 'base' for packages, 'source-amis', or all",
    )
    .option("--refresh-gone", "resolve again only what is no longer served as it is locked")
    .option("--merge <file>", "take the builds and rollouts of another lock into this one, and nothing else")
    .option("--check", "write nothing; exit 4 with the difference when the lock does not match the spec");
  withOutputOptions(withProjectOption(command)).action(async (options: Options) => {
    const folder = resolve(io.cwd, options.project);
    await runCommand(io, options, async (context) => {
      const { checkLock, lockProject } = await import("../commands/lock.ts");
      const { renderLockCheck, renderLockMerge, renderLockResult } = await import("./lock-text.ts");
      if (options.check === true) {
        const result = await checkLock(context, folder);
        const text = renderLockCheck(result);
        return { data: { ...result }, text: () => text, exitCode: result.differences.length === 0 ? 0 : 4 };
      }
      if (options.merge !== undefined) {
        const { mergeLock } = await import("../commands/lock-merge.ts");
        const result = await mergeLock(context, folder, resolve(io.cwd, options.merge));
        return { data: result, text: () => renderLockMerge(result) };
      }
      const result = await lockProject(context, folder, {
        update: options.update ?? [],
        refreshGone: options.refreshGone === true,
      });
      return { data: { ...result }, text: () => renderLockResult(result) };
    });
  });
}
