import { resolve } from "node:path";
import type { Context } from "../core/context.ts";
import { confirm, showPlan } from "./confirm.ts";
import type { Io } from "./io.ts";
import type { RolloutCommandOptions } from "./rollout-command.ts";
import type { CommandResult } from "./run-command.ts";

/** Moves the nodes to a build's commit, with their instances kept. */
export async function rollInPlace(
  io: Io,
  context: Context,
  options: RolloutCommandOptions,
): Promise<CommandResult> {
  const folder = resolve(io.cwd, options.project);
  const { inPlaceProject, planProjectInPlace } = await import("../commands/in-place-project.ts");
  const { readApproved } = await import("../commands/rollout-project.ts");
  const approved = options.approved === undefined ? undefined : await readApproved(options.approved);
  const prepared = await planProjectInPlace(context, folder, {
    build: options.ami === true ? undefined : options.ami,
    groups: options.group,
    ostree: options.ostree,
  });
  const { text, touched, digest, plans } = prepared;
  const plan = { digest, strategy: "in-place", groups: plans };
  if (options.plan === true) return { data: { plan }, text: () => text };
  showPlan(context, text);
  const question = `reboot ${touched} nodes into the new commit, wave by wave?`;
  if (approved === undefined && touched > 0 && !(await confirm(io, question, options.yes))) {
    return { data: { plan, rollouts: [] }, text: () => "nothing was changed\n", exitCode: 1 };
  }
  const { rollouts, failure } = await inPlaceProject(context, folder, prepared, approved);
  if (failure !== undefined) throw failure;
  const lines = rollouts.map(
    ({ group, region, id }) => `✓ ${group} in ${region} runs the build (rollout ${id})`,
  );
  return { data: { plan, rollouts }, text: () => `${lines.join("\n")}\n` };
}

/** Stops what is under way and leaves what it has replaced. */
export async function pauseRollout(
  io: Io,
  context: Context,
  { project, group }: RolloutCommandOptions,
): Promise<CommandResult> {
  const { pauseProject } = await import("../commands/rollout-pause.ts");
  const paused = await pauseProject(context, resolve(io.cwd, project), group);
  const lines = paused.flatMap(({ group: name, region, percent }) => [
    `paused ${name} in ${region} at ${percent} %`,
    `  goes on: igneous rollout --resume --group ${region}/${name} · goes back: igneous rollback --fleet ${region}/${name}`,
  ]);
  const text = lines.length === 0 ? "no rollout is under way" : lines.join("\n");
  return { data: { paused }, text: () => `${text}\n` };
}
