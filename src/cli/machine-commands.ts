import type { Command } from "commander";
import type { Context } from "../core/context.ts";
import { resolve } from "node:path";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

interface BootOptions extends OutputOptions {
  readonly project: string;
  readonly fresh?: boolean;
  readonly forward: string[];
  readonly out?: string;
}

export function addBootCommand(program: Command, io: Io): void {
  const command = program
    .command("boot")
    .argument("[build]", "first digits of a build id (default: the newest)")
    .summary("boot a build in QEMU on this machine")
    .description(
      "Boots a build: its serial console here, ssh and other ports on free ports of localhost. What the machine writes is\n" +
        "kept in an overlay beside the image, which itself is never changed. On a terminal the keys go to the console, where\n" +
        "root is logged in, Ctrl-C too; Ctrl-] powers the machine off, and a second one ends it at once. Elsewhere a SIGINT does.",
    )
    .option("--fresh", "forget what earlier boots wrote")
    .option("--forward <ports...>", "ports of the machine to forward", ["22", "6443"])
    .option("--out <dir>", "folder of the build's outputs, when it was baked with --out");
  withOutputOptions(withProjectOption(command)).action(
    async (build: string | undefined, options: BootOptions) => {
      await runCommand(io, options, async (context) => {
        const { bootBuild } = await import("../commands/boot.ts");
        const isSeen = options.json !== true && options.quiet !== true;
        const request = {
          build,
          out: options.out === undefined ? undefined : resolve(io.cwd, options.out),
          fresh: options.fresh === true,
          forwards: options.forward.map(Number),
          onSerial: isSeen ? io.stderr : () => undefined,
          takeKeys: isSeen ? io.takeKeys : undefined,
        };
        // Firmware and programs of the machine may have left colours, no cursor or no line wrap.
        const tidy = (): void =>
          isSeen && io.isTerminal ? io.stderr("\u001b[0m\u001b[?25h\u001b[?7h\r\n") : undefined;
        const result = await bootBuild(context, resolve(io.cwd, options.project), request).finally(tidy);
        return {
          data: result,
          text: () => `build ${result.build} powered off; its data is in ${result.overlay}\n`,
        };
      });
    },
  );
}

interface VerifyOptions extends OutputOptions {
  readonly project: string;
  readonly disk?: string;
  readonly remote?: boolean;
}

export function addVerifyCommand(program: Command, io: Io): void {
  const command = program
    .command("verify")
    .argument("[build]", "first digits of a build id (default: the newest)")
    .summary("check repo and disk image against the lock, byte for byte")
    .description(
      "Compares images, commits, every object of the repo and the disk with the lock; exits 4 and names what differs.",
    )
    .option("--disk <file>", "check this disk image instead of the build's own")
    .option("--remote", "read the published AMIs back instead, and compare each block and attribute");
  withOutputOptions(withProjectOption(command)).action(
    async (build: string | undefined, options: VerifyOptions) => {
      await runCommand(io, options, async (context) => {
        if (options.remote === true) return verifyPublished(context, resolve(io.cwd, options.project), build);
        const { verifyProject } = await import("../commands/verify.ts");
        const disk = options.disk === undefined ? undefined : resolve(io.cwd, options.disk);
        const result = await verifyProject(context, resolve(io.cwd, options.project), { build, disk });
        const { checked, differences } = result;
        const lines = [...checked.map((what) => `=  ${what}`), ...differences.map((what) => `≠  ${what}`)];
        const verdict = differences.length === 0 ? "as the lock has it" : count(differences.length);
        const next = result.cure === null ? "" : `  next: ${result.cure}\n`;
        return {
          data: result,
          text: () => `${lines.join("\n")}\nbuild ${result.build}: ${verdict}\n${next}`,
          exitCode: differences.length === 0 ? 0 : 4,
        };
      });
    },
  );
}

async function verifyPublished(
  context: Context,
  folder: string,
  prefix: string | undefined,
): Promise<CommandResult> {
  const { verifyProjectRemote } = await import("../commands/aws-project.ts");
  const result = await verifyProjectRemote(context, folder, prefix);
  const lines = [
    ...result.amis.map(({ region, amiId, blocks }) => `=  ${region} ${amiId}: ${blocks} blocks compared`),
    ...result.drift.map(
      ({ region, amiId, what, wanted, found }) =>
        `≠  ${region} ${amiId}: ${what}: wanted ${wanted}, found ${found}`,
    ),
  ];
  const verdict = result.drift.length === 0 ? "as it was published" : count(result.drift.length);
  return {
    data: result,
    text: () => `${lines.join("\n")}\nbuild ${result.build}: ${verdict}\n`,
    exitCode: result.drift.length === 0 ? 0 : 4,
  };
}

function count(differences: number): string {
  return differences === 1 ? "1 difference" : `${differences} differences`;
}
