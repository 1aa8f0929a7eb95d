import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
  readonly builder: "qemu";
  readonly out?: string;
  readonly bootTest: boolean;
  readonly dryRun?: boolean;
}

export function addBakeCommand(program: Command, io: Io): void {
  const command = program
    .command("bake")
    .summary("make the image from the lock, boot it and check it")
    .description(
      "Pulls and verifies the locked images, imports them into OSTree, composes the host tree, makes a disk image, boots\n" +
        "it and checks it, and records the outputs in the lock. What an earlier run finished is not done again.",
    )
    .addOption(new Option("--builder <name>", "where the image is made").choices(["qemu"]).default("qemu"))
    .option("--out <dir>", "folder for the outputs (default: .igneous/builds/ID)")
    .option("--no-boot-test", "leave the boot check out")
    .option("--dry-run", "print what would be done");
  withOutputOptions(withProjectOption(command)).action(async (options: Options) => {
    const folder = resolve(io.cwd, options.project);
    const out = options.out === undefined ? undefined : resolve(io.cwd, options.out);
    await runCommand(io, options, async (context) => {
      const { bake, planProjectBake } = await import("../commands/bake.ts");
      const request = { builder: options.builder, out, bootTest: options.bootTest };
      if (options.dryRun === true) {
        const { describePlan } = await import("../commands/bake-plan.ts");
        const plan = await planProjectBake(folder, request);
        return { data: plan, text: () => `${describePlan(plan).join("\n")}\n` };
      }
      const { renderBakeResult } = await import("./bake-text.ts");
      const result = await bake(context, folder, request);
      return { data: result, text: (paint, steps) => renderBakeResult(result, steps, paint) };
    });
  });
}
