import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { writeAtomic } from "../host/files.ts";
import { makeFolder, removeTree } from "../host/folders.ts";
import { initPacker } from "../packer/run.ts";
import { findPackerPlugins } from "../packer/version.ts";
import type { PackerText } from "./packer-folder.ts";
import type { PackerSource } from "./packer-variables.ts";

/** Has Packer 1.7 and newer fetch the plugins of rendered templates that are not installed, before there is any work to lose. */
export async function fetchPackerPlugins(context: Context, texts: readonly PackerText[]): Promise<void> {
  await runStep(context, "packer-init", "packer init", async () => {
    const folder = await makeFolder(context.env["TMPDIR"] ?? "/tmp", "igneous-packer-");
    try {
      for (const { path, text, isProgram } of texts)
        if (!isProgram) await writeAtomic(join(folder, path), text);
      await initPacker(context, folder);
    } catch (error) {
      if (!(error instanceof IgneousError) || error.code !== "tool-failed") throw error;
      const hint =
        "where there is no network, run: packer plugins install --path FILE github.com/hashicorp/amazon";
      throw new IgneousError("packer-failed", error.message, { hint, cause: error });
    } finally {
      await removeTree(folder);
    }
    return { value: undefined };
  });
}

/** Version of each plugin that builds these sources, where Packer has plugins: they talk to QEMU and AWS, not Packer. */
export async function usedPackerPlugins(
  context: Context,
  sources: readonly PackerSource[],
): Promise<Readonly<Record<string, string>>> {
  const names = sources.map((source) => (source === "qemu" ? "qemu" : "amazon"));
  const installed = Object.entries(await findPackerPlugins(context));
  return Object.fromEntries(installed.filter(([name]) => names.some((each) => each === name)));
}
