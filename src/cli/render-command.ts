import { type Command, Option } from "commander";
import { resolve } from "node:path";
import { formatBytes } from "../core/units.ts";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
  readonly builder: "packer" | "imagebuilder";
  readonly out?: string;
  readonly only?: "qemu" | "amazon-ebs";
  readonly packerVersion?: string;
  readonly account?: string;
}

export function addRenderCommand(program: Command, io: Io): void {
  const command = program
    .command("render")
    .summary("write what another builder takes as it is, without igneous")
    .description(
      "For Packer: a folder for 'packer build' with templates, values, the payload archive with its digest, the programs\n" +
        "apply and seal, and for qemu the disk of the base. For EC2 Image Builder: a CloudFormation template, inputs of the\n" +
        "aws command, the component document and the payload.",
    )
    .addOption(
      new Option("--builder <name>", "whose files").choices(["packer", "imagebuilder"]).default("packer"),
    )
    .option("--out <dir>", "folder to write to (default: .igneous/packer or .igneous/render-imagebuilder)")
    .addOption(new Option("--only <source>", "only this source").choices(["qemu", "amazon-ebs"]))
    .option("--packer-version <version>", "for this Packer instead of the one on PATH")
    .option("--account <id>", "AWS account of Image Builder's resources (default: the lock's)");
  withOutputOptions(withProjectOption(command)).action(async (options: Options) => {
    const folder = resolve(io.cwd, options.project);
    const place = options.builder === "packer" ? ".igneous/packer" : ".igneous/render-imagebuilder";
    const out = options.out === undefined ? resolve(folder, place) : resolve(io.cwd, options.out);
    await runCommand(io, options, async (context) => {
      if (options.builder === "imagebuilder") {
        const { renderImageBuilder } = await import("../commands/render-image-builder.ts");
        const result = await renderImageBuilder(context, folder, { out, account: options.account });
        const text =
          `rendered for EC2 Image Builder: ${out}, version ${result.version}\n` +
          `payload ${result.payloadCommit}\nnext: see ${out}/README.md\n`;
        return { data: result, text: () => text };
      }
      const { renderPacker } = await import("../commands/render-packer.ts");
      const { only, packerVersion: wanted } = options;
      const result = await renderPacker(context, folder, { out, only, packerVersion: wanted });
      const { payload, sources, packerVersion } = result;
      const init = result.plugins ? "packer init . && " : "";
      const text =
        `rendered for Packer ${packerVersion}: ${out} (${sources.join(", ")})\n` +
        `payload ${payload.commit}\n        ${formatBytes(payload.size)}, sha256 ${payload.sha256}\n` +
        `next: cd ${out} && ${init}packer build .\n`;
      return { data: result, text: () => text };
    });
  });
}
