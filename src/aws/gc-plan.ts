import type { Users } from "./image-users.ts";
import type { Inventory, Owned } from "./inventory.ts";

/** What the lock needs, and what may go beyond it. */
export interface GcRules {
  /** Ids of the lock's builds and of their AMIs and snapshots. */
  readonly lockedBuilds: ReadonlySet<string>;
  readonly lockedIds: ReadonlySet<string>;
  /** How many of the newest builds that the lock does not name are kept all the same. */
  readonly keep: number;
  readonly olderThanMs: number;
  readonly now: number;
}

export interface GcItem extends Owned {
  /** Why it is removed or kept. */
  readonly why: string;
}

export interface GcPlan {
  /** In the order in which they are removed: AMIs before their snapshots. */
  readonly remove: readonly GcItem[];
  readonly kept: readonly GcItem[];
}

/** Decides what of a spec's resources in a region goes. Pure; where in doubt, it stays. */
export function planGc(
  inventory: Inventory,
  users: Users,
  newestBuilds: readonly string[],
  rules: GcRules,
): GcPlan {
  const remove: GcItem[] = [];
  const kept: GcItem[] = [];
  const keptBuilds = new Set(newestBuilds.slice(0, rules.keep));
  const goingImages = new Set<string>();
  const decide = (item: Owned, stays: string | undefined, goes: string): void => {
    if (stays !== undefined) kept.push({ ...item, why: stays });
    else {
      remove.push({ ...item, why: goes });
      if (item.kind === "ami") goingImages.add(item.id);
    }
  };
  const young = (item: Owned): boolean => rules.now - item.createdAt < rules.olderThanMs;
  const needed = (item: Owned): string | undefined => {
    if (rules.lockedIds.has(item.id)) return "the lock names it";
    const user =
      users.get(item.id) ?? item.snapshotIds.map((id) => users.get(id)).find((by) => by !== undefined);
    if (user !== undefined) return `used by ${user}`;
    return undefined;
  };
  const general = (item: Owned): string | undefined => {
    if (rules.lockedBuilds.has(item.buildId)) return "its build is in the lock";
    if (keptBuilds.has(item.buildId)) return "of a build that is kept";
    if (young(item)) return "too young";
    return undefined;
  };
  for (const item of inventory.owned.filter(({ kind }) => kind === "ami")) {
    if (item.state === "failed" || item.state === "error")
      decide(item, needed(item), `its copy ${item.state}`);
    else decide(item, needed(item) ?? general(item), "the lock does not name it");
  }
  for (const item of inventory.owned.filter(({ kind }) => kind === "snapshot")) {
    const staying = (inventory.imagesOfSnapshot.get(item.id) ?? []).find((id) => !goingImages.has(id));
    const used = needed(item) ?? (staying === undefined ? undefined : `used by ${staying}`);
    const hadImage = inventory.imagesOfSnapshot.has(item.id);
    if (item.state === "error") decide(item, used, "EBS gave it up");
    else if (item.state === "pending") {
      decide(item, used ?? (young(item) ? "it may still be uploaded" : undefined), "its upload never ended");
    } else if (hadImage) decide(item, used, "its AMI goes");
    else decide(item, used ?? (young(item) ? "too young" : undefined), "no AMI is made of it");
  }
  return { remove, kept };
}

/** The builds of several regions, newest first, by their youngest AMI; the lock's left out. */
export function newestBuilds(owned: readonly Owned[], locked: ReadonlySet<string>): readonly string[] {
  const newest = new Map<string, number>();
  for (const { kind, buildId, createdAt } of owned) {
    if (kind !== "ami" || locked.has(buildId)) continue;
    newest.set(buildId, Math.max(newest.get(buildId) ?? 0, createdAt));
  }
  return Array.from(newest)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([buildId]) => buildId);
}
