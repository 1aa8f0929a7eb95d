import { type Command, Option } from "commander";
import { resolve } from "node:path";
import { formatBytes } from "../core/units.ts";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
  readonly builder: "packer";
  readonly out?: string;
  readonly only?: "qemu" | "amazon-ebs";
  readonly packerVersion?: string;
}

export function addRenderCommand(program: Command, io: Io): void {
  const command = program
    .command("render")
    .summary("write what another builder takes as it is, without igneous")
    .description(
      "Writes a folder for 'packer build': templates, values, the payload archive with its digest, the programs apply and\n" +
        "seal, and for qemu the disk of the base.",
    )
    .addOption(new Option("--builder <name>", "whose files").choices(["packer"]).default("packer"))
    .option("--out <dir>", "folder to write to (default: .igneous/packer)")
    .addOption(new Option("--only <source>", "only this source").choices(["qemu", "amazon-ebs"]))
    .option("--packer-version <version>", "for this Packer instead of the one on PATH");
  withOutputOptions(withProjectOption(command)).action(async (options: Options) => {
    const folder = resolve(io.cwd, options.project);
    const out = options.out === undefined ? resolve(folder, ".igneous/packer") : resolve(io.cwd, options.out);
    await runCommand(io, options, async (context) => {
      const { renderPacker } = await import("../commands/render-packer.ts");
      const { only, packerVersion: wanted } = options;
      const result = await renderPacker(context, folder, { out, only, packerVersion: wanted });
      const { payload, sources, packerVersion } = result;
      const text =
        `rendered for Packer ${packerVersion}: ${out} (${sources.join(", ")})\n` +
        `payload ${payload.commit}\n        ${formatBytes(payload.size)}, sha256 ${payload.sha256}\n` +
        `next: cd ${out} && packer build .\n`;
      return { data: result, text: () => text };
    });
  });
}
