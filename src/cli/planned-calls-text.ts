import type { ImageBuilderPlan } from "../commands/plan-image-builder.ts";

/** Calls as `--dry-run` prints them, each by the action that a policy must allow, and the policy that allows them all. */
export function renderPlannedCalls({ calls, policy }: Pick<ImageBuilderPlan, "calls" | "policy">): string {
  const lines = calls.map(
    ({ action, region, times, input }) =>
      `${region}  ${action}${times === 1 ? "" : ` × ${times}`}  ${JSON.stringify(input)}`,
  );
  return `${lines.join("\n")}\nneeds this policy:\n${JSON.stringify(policy, null, 2)}\n`;
}
