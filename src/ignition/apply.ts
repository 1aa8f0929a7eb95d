import type { BaseTree } from "./base-tree.ts";
import { planAccounts } from "./apply-accounts.ts";
import { planNodes } from "./apply-nodes.ts";
import { planUnits } from "./apply-units.ts";
import type { IgnitionConfig } from "./config.ts";
import { launchTime, type PlannedTree, type Refusal, type Refuse } from "./tree-plan.ts";

/**
 * Plans a config onto a tree that is baked, by the rules by which Ignition does it to a running disk on first boot: what
 * is there already stays unless the config says `overwrite`. What only makes sense on a machine, and every secret, is
 * refused by name. Without a base only what holds for every base is refused, and the nodes are not those of the image.
 */
export function planTree(config: IgnitionConfig, base: BaseTree | undefined): PlannedTree {
  const refused: Refusal[] = [];
  const refuse: Refuse = (path, message) => void refused.push({ path, message });
  const { removed, nodes } = planNodes(config, base, refuse);
  const units = planUnits(config.systemd?.units ?? []);
  const accounts = planAccounts(config, base, refuse);
  refuseMachineParts(config, refuse);
  return { removed, nodes: [...nodes, ...units, ...accounts], refused };
}

/** The kernel arguments of a deployment: those given, changed as the config says. */
export function applyKernelArguments(
  given: readonly string[],
  { kernelArguments }: IgnitionConfig,
): readonly string[] {
  const { shouldExist = [], shouldNotExist = [] } = kernelArguments ?? {};
  const kept = given.filter((word) => !shouldNotExist.includes(word));
  return [...kept, ...shouldExist.filter((word) => !kept.includes(word))];
}

function refuseMachineParts({ storage, ignition }: IgnitionConfig, refuse: Refuse): void {
  for (const section of ["disks", "raid", "luks", "filesystems"] as const) {
    if ((storage?.[section] ?? []).length > 0)
      refuse(["storage", section], `${section} belong to a machine; ${launchTime}`);
  }
  if ((ignition?.config?.merge ?? []).length > 0 || ignition?.config?.replace?.source !== undefined) {
    refuse(["ignition", "config"], "other configs cannot be merged at bake time");
  }
}
