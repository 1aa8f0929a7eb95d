import { type Command, Option } from "commander";
import { resolve } from "node:path";
import type { RolloutResult } from "../commands/rollout.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import { confirm, showPlan } from "./confirm.ts";
import type { Io, OutputOptions } from "./io.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

export interface RolloutCommandOptions extends OutputOptions {
  readonly project: string;
  readonly ami?: string | true;
  readonly group?: readonly string[];
  readonly strategy?: "replace" | "replace-root" | "in-place";
  readonly plan?: boolean;
  readonly approved?: string;
  readonly yes?: boolean;
  readonly detach?: boolean;
  readonly allowUnlocked?: boolean;
  readonly reason?: string;
  readonly ostree?: string;
  readonly pause?: boolean;
  readonly resume?: boolean;
}

export function addRolloutCommand(program: Command, io: Io): void {
  const command = program
    .command("rollout")
    .summary("roll a build of the lock out to the Auto Scaling groups of the spec")
    .description(
      "Shows what it will do, asks, and does just that: a numbered launch template version from the running one, an instance\n" +
        "refresh that brings it, and the default version and the lock when it has succeeded. It stops when health says so and goes\n" +
        "back by itself. Ctrl-C detaches: the rollout goes on in AWS, and the same command attaches again.",
    )
    .option(
      "--ami [build]",
      "a build of the lock or an AMI id (default: the newest build published where the groups are)",
    )
    .option("--group <names...>", "only these groups of the spec, as NAME or REGION/NAME")
    .addOption(
      new Option(
        "--strategy <name>",
        "how instances get the build (default: the spec's, else replace)",
      ).choices(["replace", "replace-root", "in-place"]),
    )
    .option("--plan", "only print the plan; with --json, to be reviewed")
    .option(
      "--approved <plan>",
      "refuse unless the plan is this one: its digest, or the file of --plan --json",
    )
    .option("--yes", "do not ask")
    .addOption(new Option("--wait", "follow the rollout to its end (as without it)").conflicts("detach"))
    .option("--detach", "return when the rollout is started")
    .option(
      "--ostree <url>",
      "with --strategy in-place: the static repo that nodes pull from (default: the spec's)",
    )
    .addOption(
      new Option("--pause", "stop what is under way; what it has replaced stays").conflicts([
        "ami",
        "resume",
        "plan",
      ]),
    )
    .addOption(new Option("--resume", "go on with what was paused").conflicts("ami"))
    .option("--allow-unlocked", "take an AMI that the lock does not name; needs --reason")
    .option("--reason <text>", "why, to be recorded");
  withOutputOptions(withProjectOption(command)).action(async (options: RolloutCommandOptions) => {
    await runCommand(io, options, (context) => rollOut(io, context, options));
  });
}

async function rollOut(io: Io, context: Context, options: RolloutCommandOptions): Promise<CommandResult> {
  const folder = resolve(io.cwd, options.project);
  if (options.pause === true) return (await import("./rollout-other.ts")).pauseRollout(io, context, options);
  const { strategyOf } = await import("../commands/rollout-project.ts");
  if ((await strategyOf(folder, options.strategy)) === "in-place") {
    return (await import("./rollout-other.ts")).rollInPlace(io, context, options);
  }
  const { describePrepared, planProjectRollout, readApproved, rolloutProject } = await import(
    "../commands/rollout-project.ts"
  );
  const approved = options.approved === undefined ? undefined : await readApproved(options.approved);
  const prepared = await planProjectRollout(context, folder, {
    image: await imageOf(folder, options),
    groups: options.group,
    strategy: options.strategy,
    allowUnlocked: reasonOf(options),
  });
  const { plan } = prepared;
  const { text, touched, question } = describePrepared(prepared);
  if (options.plan === true) {
    return { data: { plan }, text: () => text, exitCode: plan.blockers.length === 0 ? 0 : 3 };
  }
  showPlan(context, text);
  // An approved plan was read by somebody, and its digest is what they said yes to.
  const asks = touched > 0 && plan.blockers.length === 0 && approved === undefined;
  if (asks && !(await confirm(io, question, options.yes))) {
    return { data: { plan, outcomes: [] }, text: () => "nothing was changed\n", exitCode: 1 };
  }
  const result = await rolloutProject(context, folder, prepared, { approved, detach: options.detach });
  if (result.failure !== undefined) throw result.failure;
  return { data: { plan, outcomes: result.outcomes }, text: () => renderResult(result) };
}

async function imageOf(folder: string, options: RolloutCommandOptions): Promise<string | undefined> {
  if (options.resume !== true) return options.ami === true ? undefined : options.ami;
  return (await import("../commands/rollout-pause.ts")).pausedImage(folder, options.group);
}

function reasonOf({ allowUnlocked, reason }: RolloutCommandOptions): string | undefined {
  if (allowUnlocked !== true) return undefined;
  if (reason !== undefined && reason.trim() !== "") return reason;
  throw new IgneousError("usage", "--allow-unlocked needs a reason, which is recorded", {
    hint: "say why: --allow-unlocked --reason 'hot fix of …'",
  });
}

function renderResult({ outcomes }: RolloutResult): string {
  const lines = outcomes.flatMap(({ rollout: { group, region, status, id, amiId, launchTemplate } }) => {
    const where = `${group} in ${region}`;
    if (status === "unchanged") return [`= ${where} runs ${amiId} already`];
    if (status === "in-progress") {
      return [
        `… ${where}: ${id} goes on in AWS`,
        `  look: igneous status --group ${region}/${group} --watch · attach: the same command · back: igneous rollback --fleet ${region}/${group}`,
      ];
    }
    return [
      `✓ ${where} runs ${amiId}, launch template version ${launchTemplate.version} (rollout ${id})`,
      `  report: igneous report ${id} · back: igneous rollback --fleet ${region}/${group}`,
    ];
  });
  return `${lines.join("\n")}\n`;
}
