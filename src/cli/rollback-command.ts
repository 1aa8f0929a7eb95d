import type { Command } from "commander";
import { withOutputOptions } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly host: string;
  readonly reboot?: boolean;
  readonly key?: string;
}

export function addRollbackCommand(program: Command, io: Io): void {
  const command = program
    .command("rollback")
    .summary("make the previous OSTree deployment of a node its default")
    .description(
      "Makes the previous deployment of a node its default: no network is needed, and one reboot. Refuses, with the node's\n" +
        "own words, when there is nothing to go back to. On the node itself: igneous-host status | rollback | deploy.",
    )
    .requiredOption("--host <target>", "the node: ssh://USER@HOST:PORT")
    .option("--reboot", "restart the node and wait until it reports the other commit")
    .option("--key <file>", "private key for ssh");
  withOutputOptions(command).action(async (options: Options) => {
    await runCommand(io, options, async (context) => {
      const { rollback } = await import("../commands/rollback.ts");
      const result = await rollback(context, {
        host: options.host,
        reboot: options.reboot === true,
        key: options.key,
      });
      const { before, after } = result;
      const inside = (at: typeof before.booted): string =>
        (at.manifest?.containers ?? [])
          .map(({ name, manifestDigest }) => `             ${name} ${manifestDigest}\n`)
          .join("");
      const text =
        `was booted   ${before.booted.commit}\n${inside(before.booted)}` +
        `now booted   ${after.booted.commit}\n` +
        `next boot    ${after.next.commit}\n${inside(after.next)}`;
      return { data: result, text: () => text };
    });
  });
}
