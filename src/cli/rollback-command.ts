import { type Command, Option } from "commander";
import { resolve } from "node:path";
import type { FleetRollbackResult } from "../commands/rollback-fleet.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";

import { withOutputOptions, withProjectOption } from "./command-options.ts";
import { confirm, showPlan } from "./confirm.ts";
import type { Io, OutputOptions } from "./io.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
  readonly host?: string;
  readonly region?: string;
  readonly reboot?: boolean;
  readonly key?: string;
  readonly knownHosts?: string;
  readonly fleet?: string;
  readonly to?: string;
  readonly plan?: boolean;
  readonly yes?: boolean;
}

export function addRollbackCommand(program: Command, io: Io): void {
  const command = program
    .command("rollback")
    .summary("bring a node or an Auto Scaling group back to what it ran before")
    .description(
      "A node (--host): makes its previous OSTree deployment the default; no network is needed, and one reboot. Refuses, with\n" +
        "the node's own words, when there is nothing to go back to. On the node itself: igneous-host status | rollback | deploy.\n" +
        "A group (--fleet): turns the rollout under way around; after one that succeeded, rolls what ran before it out again.",
    )
    .addOption(
      new Option(
        "--host <target>",
        "the node: ssh://USER@HOST:PORT, or the id of an instance, by SSM",
      ).conflicts("fleet"),
    )
    .option("--reboot", "with --host: restart the node and wait until it reports the other commit")
    .option("--region <region>", "with --host i-…: where it is (default: the regions of the spec's groups)")
    .option("--key <file>", "with --host: private key for ssh")
    .option("--known-hosts <file>", "with --host: host keys to believe (default: your own)")
    .option("--fleet <group>", "the group of the spec, as NAME or REGION/NAME")
    .option("--to <build>", "with --fleet: a build of the lock (default: what ran before the newest rollout)")
    .option("--plan", "with --fleet: only print what would be done")
    .option("--yes", "with --fleet: do not ask");
  withOutputOptions(withProjectOption(command)).action(async (options: Options) => {
    await runCommand(io, options, (context) => {
      if (options.host !== undefined) return rollbackOne(io, context, options.host, options);
      if (options.fleet !== undefined) return rollbackGroup(io, context, options.fleet, options);
      throw new IgneousError("usage", "say what goes back: a node or a group", {
        hint: "igneous rollback --fleet GROUP, or igneous rollback --host ssh://core@NODE",
      });
    });
  });
}

async function rollbackOne(io: Io, context: Context, host: string, options: Options): Promise<CommandResult> {
  const { isInstanceId, rollback, rollbackBySsm } = await import("../commands/rollback.ts");
  const { reboot = false, key, knownHosts, region } = options;
  if (isInstanceId(host)) {
    const result = await rollbackBySsm(context, resolve(io.cwd, options.project), { host, reboot, region });
    return { data: result, text: () => renderNode(result) };
  }
  const result = await rollback(context, { host, reboot, key, knownHosts });
  return { data: result, text: () => renderNode(result) };
}

interface SeenDeployment {
  readonly commit: string;
  readonly manifest?: {
    readonly containers: readonly { readonly name: string; readonly manifestDigest: string }[];
  } | null;
}

function renderNode({
  before,
  after,
}: {
  readonly before: { readonly booted: SeenDeployment };
  readonly after: { readonly booted: SeenDeployment; readonly next: SeenDeployment };
}): string {
  const inside = (at: SeenDeployment): string =>
    (at.manifest?.containers ?? [])
      .map(({ name, manifestDigest }) => `             ${name} ${manifestDigest}\n`)
      .join("");
  return (
    `was booted   ${before.booted.commit}\n${inside(before.booted)}` +
    `now booted   ${after.booted.commit}\n` +
    `next boot    ${after.next.commit}\n${inside(after.next)}`
  );
}

async function rollbackGroup(
  io: Io,
  context: Context,
  group: string,
  options: Options,
): Promise<CommandResult> {
  const folder = resolve(io.cwd, options.project);
  const { describeRollback, planProjectRollback, rollbackProject } = await import(
    "../commands/rollback-project.ts"
  );
  const prepared = await planProjectRollback(context, folder, { group, to: options.to });
  const { text, question, data: plan } = describeRollback(prepared);
  if (options.plan === true) return { data: { plan }, text: () => text };
  showPlan(context, text);
  if (!(await confirm(io, question, options.yes))) {
    return { data: { plan, outcome: null }, text: () => "nothing was changed\n", exitCode: 1 };
  }
  const result = await rollbackProject(context, folder, prepared);
  if (result.failure !== undefined) throw result.failure;
  return { data: result.outcome, text: () => renderOutcome(result) };
}

function renderOutcome({ outcome }: FleetRollbackResult): string {
  const { group, region, status, refreshId, rollout } = outcome;
  const where = `${group} in ${region}`;
  if (status === "cancelled")
    return `✓ ${where}: ${refreshId} was cancelled before it had replaced anything\n`;
  const now = rollout?.rollout.amiId;
  return `✓ ${where} ${now === undefined ? "runs what it ran before" : `runs ${now}`} (${refreshId})\n`;
}
