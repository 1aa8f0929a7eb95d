import { type Command, InvalidArgumentError } from "commander";
import { resolve } from "node:path";
import type { Context } from "../core/context.ts";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import { confirm, showPlan } from "./confirm.ts";
import type { Io, OutputOptions } from "./io.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

interface ProjectOptions extends OutputOptions {
  readonly project: string;
}

interface GcOptions extends ProjectOptions {
  readonly keep?: number;
  readonly local?: boolean;
  readonly olderThan: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly ostree?: string;
}

interface PolicyOptions extends ProjectOptions {
  readonly ostree?: string;
  readonly packerVersion?: string;
}

export function addGcCommand(program: Command, io: Io): void {
  const command = program
    .command("gc")
    .summary(
      "remove snapshots and AMIs that the lock no longer names, or with --local old builds of this machine",
    )
    .description(
      "Finds by tag, in every region of the account, what this spec left behind, and prints what goes and what stays, each\n" +
        "with its reason. At a terminal it then asks; with --yes it removes what goes. What the lock, an instance, a group or a template uses stays.\n" +
        "With --local: old builds below .igneous, with their disks and commits (not while one of them is booted).",
    )
    .option(
      "--local",
      "old builds on this machine instead: the newest of the lock stay, and what they go back to",
    )
    .option(
      "--ostree <target>",
      "look into what publish --ostree wrote instead: a folder or s3://BUCKET/PREFIX",
    )
    .option(
      "--keep <n>",
      "keep this many of the newest builds that the lock does not name (default: 0); with --local, of those that it names (default: 2)",
      parseCount,
    )
    .option("--older-than <time>", "remove only what is older, such as 12h or 7d", "1d")
    .option("--dry-run", "only print the plan, even with --yes")
    .option("--yes", "remove what the plan names, without a question");
  withOutputOptions(withProjectOption(command)).action(async (options: GcOptions) => {
    await runCommand(io, options, (context) =>
      options.local === true
        ? gcLocal(context, io, options)
        : options.ostree === undefined
          ? gcAccount(context, io, options)
          : gcPublishedRepo(context, io, options.ostree, options),
    );
  });
}

async function gcAccount(context: Context, io: Io, options: GcOptions): Promise<CommandResult> {
  const { applyProjectGc, planProjectGc } = await import("../commands/aws-project.ts");
  const { keep = 0, olderThan } = options;
  const plan = await planProjectGc(context, resolve(io.cwd, options.project), { keep, olderThan });
  const line = (sign: string, { region, kind, id, why }: (typeof plan.remove)[number]): string =>
    `${sign} ${region}  ${kind}  ${id}  ${why}`;
  const failed = plan.failures.map(
    ({ region, code, message }) => `! ${region}  could not be read [${code}] ${message}`,
  );
  const lines = [
    ...plan.kept.map((item) => line("=", item)),
    ...plan.remove.map((item) => line("-", item)),
    ...failed,
  ];
  const count = plan.remove.length;
  const asks = options.yes !== true && options.dryRun !== true && count > 0 && io.ask !== undefined;
  if (asks) showPlan(context, lines.join("\n"));
  const agreed = asks && (await confirm(io, `Remove ${count === 1 ? "it" : `these ${count}`}?`, false));
  if ((options.yes !== true && !agreed) || options.dryRun === true) {
    const next = count === 0 ? "nothing to remove" : "nothing was removed; add --yes to remove";
    const text = `${[...(asks ? [] : lines), next].join("\n")}\n`;
    return { data: { plan, result: null }, text: () => text, exitCode: failed.length > 0 ? 1 : 0 };
  }
  if (!asks) for (const message of lines) context.emit({ type: "note", message });
  const result = await applyProjectGc(context, plan);
  const failures = [
    ...failed,
    ...result.failures.map(({ region, code, message }) => `! ${region}  [${code}] ${message}`),
  ];
  const removed = result.removed.map((item) => line("-", item));
  const text = `${[...removed, ...failures, `${removed.length} removed`].join("\n")}\n`;
  return { data: { plan, result }, text: () => text, exitCode: failures.length > 0 ? 1 : 0 };
}

async function gcLocal(context: Context, io: Io, options: GcOptions): Promise<CommandResult> {
  const { applyLocalGc, planLocalGc } = await import("../commands/gc-local.ts");
  const { renderLocalPlan, renderLocalResult } = await import("./gc-local-text.ts");
  const { keep = 2, olderThan, yes, dryRun } = options;
  const folder = resolve(io.cwd, options.project);
  const plan = await planLocalGc(context, folder, { keep, olderThan });
  const count = plan.remove.length;
  const asks = yes !== true && dryRun !== true && count > 0 && io.ask !== undefined;
  const shown = renderLocalPlan(plan);
  if (asks || (yes === true && dryRun !== true && count > 0)) showPlan(context, shown);
  const agreed =
    dryRun !== true &&
    count > 0 &&
    (yes === true ||
      (asks && (await confirm(io, `Remove ${count === 1 ? "it" : `these ${count}`}?`, false))));
  if (!agreed) {
    const next = count === 0 ? "nothing to remove" : "nothing was removed; add --yes to remove";
    const lines = asks || shown === "" ? [next] : [shown, next];
    return { data: { plan, result: null }, text: () => `${lines.join("\n")}\n` };
  }
  const result = await applyLocalGc(context, folder, plan, { keep, olderThan });
  return { data: { plan, result }, text: () => renderLocalResult(result) };
}

async function gcPublishedRepo(
  context: Context,
  io: Io,
  target: string,
  options: GcOptions,
): Promise<CommandResult> {
  const { gcOstree } = await import("../commands/gc-ostree.ts");
  const remove = options.yes === true && options.dryRun !== true;
  const { olderThan, project } = options;
  const request = { target, cwd: io.cwd, olderThan, remove };
  const garbage = await gcOstree(context, resolve(io.cwd, project), request);
  const { refs, files, bytes } = garbage;
  const total = `${refs.length} builds, ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB`;
  const nothing = refs.length + files.length === 0;
  const next = nothing ? "nothing to remove" : `${total}: ${remove ? "removed" : "add --yes to remove"}`;
  const text = `${[...refs.map((ref) => `- ${ref}  the lock does not name it`), next].join("\n")}\n`;
  return { data: { ...garbage, removed: remove }, text: () => text };
}

export function addIamPolicyCommand(program: Command, io: Io): void {
  const command = program
    .command("iam-policy")
    .argument("<command>", "publish, packer, imagebuilder, lock, gc, rollout, status or verify")
    .summary("print the IAM policy that a command needs, and no more")
    .description(
      "Prints the least IAM policy for a command and this spec: its regions, and what carries its tag.",
    )
    .option("--ostree <target>", "for publish --ostree or gc --ostree: s3://BUCKET/PREFIX")
    .option("--packer-version <version>", "for this Packer instead of the one on PATH");
  withOutputOptions(withProjectOption(command)).action(async (name: string, options: PolicyOptions) => {
    await runCommand(io, options, async (context) => {
      const { projectPolicy } = await import("../commands/aws-project.ts");
      const folder = resolve(io.cwd, options.project);
      const { ostree, packerVersion } = options;
      const policy = await projectPolicy(context, folder, name, { ostree, packerVersion });
      return { data: policy, text: () => `${JSON.stringify(policy, null, 2)}\n` };
    });
  });
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/u.test(text)) throw new InvalidArgumentError("wanted a whole number.");
  return Number(text);
}
