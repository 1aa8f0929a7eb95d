import { iamPolicy, type Policy, type PolicyCommand, policyCommands } from "../aws/iam-policy.ts";
import type { PublishSpec } from "../aws/publish-types.ts";
import { rolloutStatements } from "../aws/iam-policy-rollout.ts";
import type { RolloutSpec } from "../aws/rollout-types.ts";
import { IgneousError } from "../core/errors.ts";
import { findSuggestion } from "../core/suggest.ts";

interface IamPolicyOptions {
  /** `publish`, `gc`, `status`, `verify`. */
  readonly command: string;
  readonly specName: string;
  readonly publish: PublishSpec;
}

/** The IAM policy that a command needs for this spec, and no more. */
export function renderIamPolicy({ command, specName, publish }: IamPolicyOptions): Policy {
  requirePolicyCommand(command);
  if (isPolicyCommand(command)) return iamPolicy(command, specName, publish);
  throw new Error(`the policy of ${command} is rendered elsewhere`);
}

/** Refuses a command that has no policy, before anything else is asked for. */
export function requirePolicyCommand(command: string): void {
  if ((policyCommands as readonly string[]).includes(command)) return;
  const meant = findSuggestion(command, policyCommands);
  const hint =
    command === "bake"
      ? "baking a disk asks AWS nothing; bake --builder direct: igneous iam-policy publish; --builder packer: igneous iam-policy packer; --builder imagebuilder: igneous iam-policy imagebuilder"
      : meant === undefined
        ? `name one of: ${policyCommands.join(", ")}`
        : `did you mean '${meant}'?`;
  throw new IgneousError("usage", `there is no policy for '${command}'`, { hint });
}

/** The IAM policy for rolling out, going back and looking at the groups of a spec. */
export function renderRolloutPolicy(specName: string, rollout: RolloutSpec): Policy {
  return { Version: "2012-10-17", Statement: rolloutStatements(specName, rollout) };
}

type PublishCommand = Exclude<PolicyCommand, "imagebuilder" | "lock" | "packer" | "rollout">;

function isPolicyCommand(command: string): command is PublishCommand {
  const others = ["imagebuilder", "lock", "packer", "rollout"];
  return !others.includes(command) && (policyCommands as readonly string[]).includes(command);
}
