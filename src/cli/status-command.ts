import type { Command } from "commander";
import { resolve } from "node:path";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
}

export function addStatusCommand(program: Command, io: Io): void {
  const command = program
    .command("status")
    .summary("where each build of the lock is published, and whether it is still there")
    .description(
      "Asks each region once for the AMIs that the lock names there; a region that fails is said to.",
    );
  withOutputOptions(withProjectOption(command)).action(async (options: Options) => {
    await runCommand(io, options, async (context) => {
      const { projectStatus } = await import("../commands/aws-project.ts");
      const builds = await projectStatus(context, resolve(io.cwd, options.project));
      const isUnknown = builds.some(({ amis }) => amis.some(({ state }) => state === "unknown"));
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
      return { data: { builds }, text: () => `${lines.join("\n")}\n`, exitCode: isUnknown ? 1 : 0 };
    });
  });
}
