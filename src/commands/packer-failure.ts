import { openAws } from "../aws/session.ts";
import { findPackerLeftovers } from "../aws/packer-leftovers.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { PackerTraces } from "../packer/traces.ts";

/** Asking AWS what is left must not keep anybody waiting who has pressed Ctrl-C. */
const askMs = 60_000;

/** Says as a warning or a note what a run of Packer that did not end well left in AWS. Never fails itself. */
export async function reportLeftovers(
  context: Context,
  run: { readonly buildId: string; readonly region: string; readonly traces: PackerTraces },
): Promise<void> {
  const { buildId, region, traces } = run;
  // The command's own signal may be what ended Packer.
  const asking = { ...context, signal: AbortSignal.timeout(askMs) };
  try {
    const left = await findPackerLeftovers(openAws(asking), { buildId, region, ...traces });
    if (left.length === 0) {
      context.emit({ type: "note", message: `packer left nothing behind in ${region}` });
      return;
    }
    const hint = "delete them, instances first; snapshots also by: igneous gc";
    context.emit({ type: "warning", message: `packer left in ${region}: ${left.join(", ")}`, hint });
  } catch (error) {
    const why = error instanceof IgneousError ? error.message : String(error);
    const hint = `look for the tag igneous:build=${buildId}`;
    context.emit({ type: "warning", message: `what packer left in ${region} is not known: ${why}`, hint });
  }
}
