import type { Command } from "commander";
import { resolve } from "node:path";
import type { Context } from "../core/context.ts";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
  readonly group?: readonly string[] | true;
  readonly nodes?: boolean;
  readonly check?: boolean;
  readonly watch?: boolean;
}

export function addStatusCommand(program: Command, io: Io): void {
  const command = program
    .command("status")
    .summary("where builds are published; with --group, which instances run them")
    .description(
      "Asks each region once for the AMIs that the lock names there. With --group: which instance of the groups runs which\n" +
        "build, a rollout under way, and what is not as the lock says. A region that fails or is slow is said to.",
    )
    .option(
      "--group [names...]",
      "Auto Scaling groups of the spec, as NAME or REGION/NAME (all when none is named)",
    )
    .option("--nodes", "with --group: ask each node by SSM which commit it booted, too")
    .option("--watch", "with --group: look again every few seconds, until Ctrl-C")
    .option("--check", "exit 5 when something is not as the lock says");
  withOutputOptions(withProjectOption(command)).action(async (options: Options) => {
    await runCommand(io, options, (context) =>
      options.group === undefined ? images(io, context, options) : fleet(io, context, options),
    );
  });
}

async function fleet(io: Io, context: Context, options: Options): Promise<CommandResult> {
  const { projectFleet, renderFleet } = await import("../commands/fleet-project.ts");
  const { createScreen } = await import("./screen.ts");
  const folder = resolve(io.cwd, options.project);
  const { group, nodes: askNodes, watch: again, json } = options;
  const wanted = { groups: group === true ? [] : (group ?? []), askNodes, again };
  const screen = createScreen(io);
  // What is known so far is shown to a person who waits; elsewhere only what is known at the end is a result.
  const isShown = again === true || (json !== true && io.screen() !== undefined);
  const status = await projectFleet(context, folder, wanted, (seen) => {
    if (!isShown) return;
    if (json === true) io.stdout(`${JSON.stringify(seen)}\n`);
    else screen.show(renderFleet(seen, io.screen()?.rows));
  }).finally(() => again !== true && screen.clear());
  const isUnknown = status.failures.length > 0 || (options.check === true && status.silentNodes > 0);
  const exitCode = options.check === true && status.hasDrift ? 5 : isUnknown ? 1 : 0;
  return { data: status, text: () => renderFleet(status), exitCode };
}

async function images(io: Io, context: Context, options: Options): Promise<CommandResult> {
  const { projectStatus } = await import("../commands/aws-project.ts");
  const builds = await projectStatus(context, resolve(io.cwd, options.project));
  const states = builds.flatMap(({ amis }) => amis.map(({ state }) => state));
  const isUnknown = states.includes("unknown");
  const isOff =
    options.check === true && states.some((state) => state !== "available" && state !== "unknown");
  const lines = builds.flatMap(({ buildId, amis }) => [
    `build ${buildId.replace(/^sha256:/u, "").slice(0, 12)}${amis.length === 0 ? "  not published" : ""}`,
    ...amis.map(({ region, amiId, state, deprecatedAt, problem }) =>
      [
        `  ${region}`,
        amiId,
        state,
        deprecatedAt === undefined ? "" : `deprecated ${deprecatedAt}`,
        problem ?? "",
      ]
        .filter((part) => part !== "")
        .join("  "),
    ),
  ]);
  return { data: { builds }, text: () => `${lines.join("\n")}\n`, exitCode: isOff ? 5 : isUnknown ? 1 : 0 };
}
