import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import type { Paint } from "./paint.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

type Steps = Parameters<CommandResult["text"]>[1];

interface Options extends OutputOptions {
  readonly project: string;
  readonly builder: "qemu" | "direct" | "packer" | "imagebuilder";
  readonly only?: "qemu" | "amazon-ebs";
  readonly region?: readonly string[];
  readonly out?: string;
  readonly bootTest: boolean;
  readonly predecessor: boolean;
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
    .addOption(
      new Option(
        "--builder <name>",
        "qemu: a disk image; direct: that image as AMIs too; packer: by packer build; imagebuilder: by EC2 Image Builder",
      )
        .choices(["qemu", "direct", "packer", "imagebuilder"])
        .default("qemu"),
    )
    .addOption(
      new Option("--only <source>", "with --builder packer: only this source").choices([
        "qemu",
        "amazon-ebs",
      ]),
    )
    .option("--region <names...>", "with --builder direct: instead of the regions of the spec")
    .option("--out <dir>", "folder for the outputs (default: .igneous/builds/ID)")
    .option("--no-boot-test", "leave the boot check out")
    .option("--no-predecessor", "make an image that has nothing to go back to")
    .option("--dry-run", "print what would be done");
  withOutputOptions(withProjectOption(command)).action(async (options: Options) => {
    const folder = resolve(io.cwd, options.project);
    const out = options.out === undefined ? undefined : resolve(io.cwd, options.out);
    await runCommand(io, options, async (context) => {
      const { bake, planProjectBake } = await import("../commands/bake.ts");
      const request = {
        builder: options.builder === "direct" ? ("direct" as const) : ("qemu" as const),
        out,
        bootTest: options.bootTest,
        withoutPredecessor: !options.predecessor,
        regions: options.region,
      };
      if (options.dryRun === true && options.builder === "imagebuilder") {
        const { planImageBuilderBake } = await import("../commands/plan-image-builder.ts");
        const { renderPlannedCalls } = await import("./planned-calls-text.ts");
        const plan = await planImageBuilderBake(folder);
        return { data: plan, text: () => renderPlannedCalls(plan) };
      }
      if (options.dryRun === true) {
        const { describePlan } = await import("../commands/bake-plan.ts");
        const plan = await planProjectBake(folder, request);
        return { data: plan, text: () => `${describePlan(plan).join("\n")}\n` };
      }
      if (options.builder === "imagebuilder") {
        const { bakeByImageBuilder } = await import("../commands/bake-image-builder.ts");
        const { renderImageBuilderResult } = await import("./image-builder-text.ts");
        const result = await bakeByImageBuilder(context, folder);
        const exitCode = result.failures.length === 0 ? 0 : 1;
        return { data: result, text: () => renderImageBuilderResult(result), exitCode };
      }
      if (options.builder === "packer") {
        const { bakeWithPacker } = await import("../commands/bake-packer.ts");
        const { renderPackerResult } = await import("./packer-text.ts");
        const { only, bootTest } = options;
        const made = await bakeWithPacker(context, folder, { only, out, bootTest });
        return { data: made, text: (paint) => renderPackerResult(made, paint) };
      }
      const { renderBakeResult } = await import("./bake-text.ts");
      const result = await bake(context, folder, request);
      const text = (paint: Paint, steps: Steps): string => renderBakeResult(result, steps, paint);
      if (options.builder === "qemu") return { data: result, text };
      const { publishProject } = await import("../commands/publish-project.ts");
      const { renderPublishResult } = await import("./publish-text.ts");
      const wanted = { build: result.id, regions: options.region, out, bootTest: options.bootTest };
      const published = await publishProject(context, folder, wanted);
      return {
        data: { ...result, published },
        text: (paint, steps) => text(paint, steps) + renderPublishResult(published),
        exitCode: published.failures.length === 0 ? 0 : 1,
      };
    });
  });
}
