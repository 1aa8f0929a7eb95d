import type { Command } from "commander";
import { resolve } from "node:path";
import type { Context } from "../core/context.ts";
import { withOutputOptions, withProjectOption } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { renderPlannedCalls } from "./planned-calls-text.ts";
import { renderPublishResult } from "./publish-text.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

interface Options extends OutputOptions {
  readonly project: string;
  readonly region?: readonly string[];
  readonly out?: string;
  readonly bootTest: boolean;
  readonly dryRun?: boolean;
  readonly ostree?: string;
  readonly imageBuilder?: boolean;
}

export function addPublishCommand(program: Command, io: Io): void {
  const command = program
    .command("publish")
    .argument("[build]", "first digits of a build id (default: the newest)")
    .summary("make a baked image AMIs in every region of the spec")
    .description(
      "Uploads the disk as an EBS snapshot (only what changed since the build before), registers the AMI, copies it to\n" +
        "the other regions, shares it, and records the AMIs in the lock. Run again, it goes on where it stopped.\n" +
        "With --ostree it writes the build's commit to a static OSTree repo instead, for nodes that are updated in place.",
    )
    .option("--region <names...>", "instead of the regions of the spec; the first is the home region")
    .option("--out <dir>", "folder of the build's outputs, when it was baked with --out")
    .option("--ostree <target>", "a folder for any https server, or s3://BUCKET/PREFIX")
    .option("--image-builder", "EC2 Image Builder brings the AMI of the home region to the other regions")
    .option("--no-boot-test", "do not boot a disk first that was not booted as EC2 boots it")
    .option("--dry-run", "print every call that would be made, and ask AWS nothing");
  withOutputOptions(withProjectOption(command)).action(
    async (build: string | undefined, options: Options) => {
      await runCommand(io, options, async (context) => {
        const folder = resolve(io.cwd, options.project);
        if (options.ostree !== undefined) return publishOstree(context, io, folder, build, options);
        if (options.imageBuilder === true) {
          const { distributeProject } = await import("../commands/distribute-image.ts");
          const result = await distributeProject(context, folder, { build });
          const exitCode = result.failures.length === 0 ? 0 : 1;
          return { data: result, text: () => renderPublishResult(result), exitCode };
        }
        const out = options.out === undefined ? undefined : resolve(io.cwd, options.out);
        const request = { build, regions: options.region, out, bootTest: options.bootTest };
        const { planProjectPublish, publishProject } = await import("../commands/publish-project.ts");
        if (options.dryRun === true) {
          const plan = await planProjectPublish(context, folder, request, new Date());
          return { data: plan, text: () => renderPlannedCalls(plan) };
        }
        const result = await publishProject(context, folder, request);
        const exitCode = result.failures.length === 0 ? 0 : 1;
        return { data: result, text: () => renderPublishResult(result), exitCode };
      });
    },
  );
}

async function publishOstree(
  context: Context,
  io: Io,
  folder: string,
  build: string | undefined,
  { ostree: target = "", dryRun }: Options,
): Promise<CommandResult> {
  const { planPublishOstree, publishOstree: publish } = await import("../commands/publish-ostree.ts");
  const request = { build, target, cwd: io.cwd };
  if (dryRun === true) {
    const plan = await planPublishOstree(context, folder, request);
    const text = `build ${plan.build}\ncommit ${plan.commit}\n${plan.missing} of ${plan.objects} objects would be sent\n`;
    return { data: plan, text: () => text };
  }
  const result = await publish(context, folder, request);
  const { objects, sent, sentBytes, deltaBytes } = result;
  const delta = deltaBytes === null ? "none" : `${megabytes(deltaBytes)} MB`;
  const lines = [
    `build    ${result.build}`,
    `commit   ${result.commit}`,
    `repo     ${result.target}  ref ${result.ref}`,
    `objects  ${objects}, ${sent} sent (${megabytes(sentBytes)} MB)`,
    `delta    ${delta}`,
  ];
  return { data: result, text: () => `${lines.join("\n")}\n` };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
