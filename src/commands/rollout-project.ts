import type { Aws } from "../aws/apis.ts";
import { planSize, renderPlan } from "../aws/rollout-text.ts";
import {
  groupKey,
  type LockedRollout,
  type RolloutSpec,
  type RolloutStrategy,
} from "../aws/rollout-types.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";
import { type Digest, isDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { findText } from "../host/files.ts";
import type { Lock } from "../lock/schema.ts";
import { loadProject, type Project, requireLock, specFileName } from "./project.ts";
import {
  chosenGroups,
  type PreparedRollout,
  prepareRollout,
  rollout,
  type RolloutResult,
} from "./rollout.ts";
import { begunRollouts, recordRollouts } from "./rollout-records.ts";
import { requireVariables } from "./template-variables.ts";
import { renderLaunchTemplate } from "./templates.ts";

export interface RolloutProjectOptions {
  /** A build's id or its start, or an AMI id. */
  readonly image?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly strategy?: RolloutStrategy | undefined;
  /** Why an AMI is taken that the lock does not name. */
  readonly allowUnlocked?: string | undefined;
}

/** Plans a rollout of the project's lock. Changes nothing; a plan with blockers comes back too, to be shown. */
export async function planProjectRollout(
  context: Context,
  folder: string,
  options: RolloutProjectOptions,
  aws: Aws = openAws(context),
): Promise<PreparedRollout> {
  const project = await loadProject(folder);
  const section = requireRollout(project);
  const lock = await requireLock(project);
  const { image, groups, strategy, allowUnlocked } = options;
  return prepareRollout(
    context,
    {
      specName: lock.name,
      rollout: section,
      builds: rolledBuilds(lock),
      rollouts: [...(lock.rollouts ?? []), ...(await begunRollouts(folder))],
      launchConfigs: launchConfigs(project, section, groups),
      ...(image === undefined ? {} : { image }),
      ...(groups === undefined ? {} : { groups }),
      ...(strategy === undefined ? {} : { strategy }),
      ...(allowUnlocked === undefined ? {} : { allowUnlocked }),
    },
    aws,
  );
}

export interface RolloutProjectRun {
  readonly approved?: Digest | undefined;
  readonly detach?: boolean | undefined;
}

/** Carries a plan out and records each group's end in the lock. */
export function rolloutProject(
  context: Context,
  folder: string,
  prepared: PreparedRollout,
  { approved, detach }: RolloutProjectRun,
  aws: Aws = openAws(context),
): Promise<RolloutResult> {
  const record = async (rollouts: readonly LockedRollout[]): Promise<void> => {
    await recordRollouts(context, folder, rollouts);
  };
  const run = { folder, record, detach: detach === true, ...(approved === undefined ? {} : { approved }) };
  return rollout(context, prepared, run, aws);
}

/** A plan as text, and how much it would touch. */
export function describePrepared({ plan }: PreparedRollout): {
  readonly text: string;
  readonly touched: number;
  readonly question: string;
} {
  const touched = planSize(plan);
  const where = plan.groups.map(({ name, region }) => `${name} in ${region}`).join(", ");
  const count = `${touched} ${touched === 1 ? "instance" : "instances"}`;
  return { text: renderPlan(plan), touched, question: `roll ${count} of ${where}?` };
}

/** How a rollout of the project goes: as asked, else as the spec says. */
export async function strategyOf(
  folder: string,
  asked: RolloutStrategy | undefined,
): Promise<RolloutStrategy> {
  return asked ?? requireRollout(await loadProject(folder)).strategy ?? "replace";
}

/** The digest of a reviewed plan: as it stands, or of the file that `--plan --json` was saved to. */
export async function readApproved(text: string): Promise<Digest> {
  if (isDigest(text)) return text;
  const content = await findText(text);
  const found = content === undefined ? undefined : digestIn(content);
  if (found !== undefined) return found;
  throw new IgneousError("usage", `'${text}' is neither the digest of a plan nor a file with one`, {
    hint: "save a plan with: igneous rollout --ami --plan --json > plan.json",
  });
}

function digestIn(content: string): Digest | undefined {
  try {
    const { digest } = (JSON.parse(content) as { readonly plan: { readonly digest: string } }).plan;
    return isDigest(digest) ? digest : undefined;
  } catch {
    return undefined;
  }
}

/** The spec's `rollout:` section, or an error that says where it goes. */
export function requireRollout({ loaded }: Pick<Project, "loaded">): RolloutSpec {
  const section = loaded.spec.rollout;
  if (section !== undefined) return section;
  throw new IgneousError("input-invalid", `${specFileName} has no section 'rollout'`, {
    hint: "say which groups run the image: rollout: { groups: [{ name: workers, region: eu-central-1 }] }",
  });
}

/** Builds as a rollout sees them. */
export function rolledBuilds(lock: Lock) {
  return lock.builds.map(({ id, hostCommit, amis }) => ({ id, hostCommit, amis: amis ?? [] }));
}

/** What each group's machines read on their first boot. A group has many machines, so their names come from the network. */
function launchConfigs(
  project: Project,
  section: RolloutSpec,
  names: readonly string[] | undefined,
): Readonly<Record<string, string>> {
  if (project.launchTemplate === undefined) return {};
  requireVariables(project);
  const configs = chosenGroups(section, names).map((group) => {
    const roles = group.role === undefined ? {} : { roles: [group.role] };
    const variables = { hostname: "", ...roles, ...group.variables };
    return [groupKey(group), renderLaunchTemplate(project, variables)] as const;
  });
  return Object.fromEntries(configs);
}
