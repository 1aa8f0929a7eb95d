import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { openApt, updateIndex } from "./apt.ts";
import { findArchive } from "./archive.ts";
import type { BaseSpec, LockedBase } from "./locked.ts";
import { nodePackages, toolsFor } from "./package-lists.ts";
import { solve } from "./solve.ts";

const waitMs = 600_000;

/**
 * Chooses every package of the base and of the tools from the signed index of the archive, as apt would on an empty system.
 * The same index gives the same answer on any machine.
 */
export function resolveBase(context: Context, spec: BaseSpec): Promise<LockedBase> {
  return runStep(context, "lock base", `choose the packages of Debian ${spec.suite}`, async () => {
    const archive = await findArchive(context, spec);
    const value = await withProcessLock(context, join(context.cacheDir, "apt.lock"), waitMs, async () => {
      const apt = await openApt(context, archive, spec.suite);
      await updateIndex(context, apt);
      const requested = Array.from(new Set(spec.packages)).sort();
      const packages = await solve(context, apt, [...nodePackages, ...requested]);
      const tools = await solve(context, apt, toolsFor(requested));
      return { suite: spec.suite, requested, packages, tools };
    });
    return { value, note: `${value.packages.length} packages, ${value.tools.length} of the tools` };
  });
}

/** Names that this igneous or the spec wants and a lock does not have; none means that the lock still fits. */
export function missingFromLock(locked: LockedBase, requested: readonly string[]): readonly string[] {
  const lacks = (wanted: readonly string[], there: LockedBase["packages"]): readonly string[] => {
    const names = new Set(there.map(({ name }) => name));
    return wanted.filter((name) => !names.has(name));
  };
  return [
    ...lacks([...nodePackages, ...requested], locked.packages),
    ...lacks(toolsFor(requested), locked.tools),
  ];
}
