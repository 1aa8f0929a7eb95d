import type { NodeRole, RolloutGroup } from "./rollout-types.ts";

/**
 * Groups in the order in which they are rolled: control planes first, because a kubelet may not be newer than its API
 * server, and one by one; then the others in the order given, so many at once.
 */
export function stagesOf<G extends { readonly role?: NodeRole | null }>(
  groups: readonly G[],
  parallel: number,
): readonly (readonly G[])[] {
  const masters = groups.filter(({ role }) => role === "control-plane");
  const others = groups.filter(({ role }) => role !== "control-plane");
  const stages: (readonly G[])[] = masters.map((group) => [group]);
  for (let at = 0; at < others.length; at += parallel) stages.push(others.slice(at, at + parallel));
  return stages;
}

/** The name and title of a group's step in the events of a rollout. */
export function stepName({ name, region }: Pick<RolloutGroup, "name" | "region">): string {
  return `roll ${name} in ${region}`;
}
