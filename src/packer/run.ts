import { createInterface } from "node:readline";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { type Argv, run, start } from "../host/exec.ts";
import { openLog } from "../host/log-file.ts";
import { findNews, type PackerLine, packerErrors, parsePackerLine, shownLine } from "./machine-readable.ts";

/** Does nobody outside this machine any good: no question to HashiCorp whether there is a newer version. */
export const quiet = { CHECKPOINT_DISABLE: "1", PACKER_NO_COLOR: "1" } as const;

export interface PackerRun {
  /** The rendered folder. */
  readonly folder: string;
  readonly only: readonly string[];
  /** Gets everything that Packer says. */
  readonly log: string;
  readonly onNews: (text: string) => void;
}

/** Lets Packer 1.7 and newer fetch the plugins that a rendered folder names; asks nobody for those that are installed. */
export async function initPacker(context: Context, folder: string): Promise<void> {
  await run(context, ["packer", "init", "."], { cwd: folder, env: quiet });
}

/** Lets Packer say what is wrong with a rendered folder before anything is started. */
export async function validatePacker(context: Context, folder: string): Promise<void> {
  await run(context, ["packer", "validate", "."], { cwd: folder, env: quiet });
}

export interface PackerResult {
  readonly lines: readonly PackerLine[];
  /** Why it did not end well: `packer-failed` with the errors that it reported, or what stopped the context. */
  readonly failure: Error | undefined;
}

/**
 * Runs `packer build`. When the context is aborted Packer gets the signal that Ctrl-C sends, and the time that it needs to
 * clean up. Rejects only when it could not be run.
 */
export async function buildWithPacker(
  context: Context,
  { folder, only, log, onNews }: PackerRun,
): Promise<PackerResult> {
  // Never -force: it would take away the check that an AMI's name is free.
  const options = ["-machine-readable", ...only.map((name) => `-only=igneous.${name}.node`)];
  const argv: Argv = ["packer", "build", ...options, "."];
  const file = await openLog(log);
  // Packer is told to stop by a signal of its own; killing it at once would leave its machines behind.
  const patient = { ...context, signal: new AbortController().signal };
  const env = { ...quiet, ...endpointOf(context) };
  const packer = start(patient, argv, { cwd: folder, env, onStderr: (text) => file.write(text) });
  packer.stdin.end();
  const interrupt = (): void => packer.kill("SIGINT");
  context.signal.addEventListener("abort", interrupt, { once: true });
  const lines: PackerLine[] = [];
  try {
    for await (const text of createInterface({ input: packer.stdout })) {
      const line = parsePackerLine(text);
      if (line === undefined) continue;
      lines.push(line);
      const shown = shownLine(line);
      if (shown !== undefined) file.write(`${shown}\n`);
      const news = findNews(line);
      if (news !== undefined) onNews(news);
    }
    const ended = await packer.done.then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    return { lines, failure: context.signal.aborted ? stopped(context) : explain(ended, lines, log) };
  } finally {
    context.signal.removeEventListener("abort", interrupt);
    await file.close();
  }
}

/** Packer does not read the variables by which the AWS SDKs are told of another endpoint. */
function endpointOf({ env }: Context): Readonly<Record<string, string>> {
  const endpoint = env["AWS_ENDPOINT_URL_EC2"] ?? env["AWS_ENDPOINT_URL"];
  return endpoint === undefined ? {} : { PKR_VAR_ec2_endpoint: endpoint };
}

function stopped({ signal }: Context): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

function explain(ended: Error | undefined, lines: readonly PackerLine[], log: string): Error | undefined {
  const errors = packerErrors(lines);
  if (ended === undefined || errors.length === 0) return ended;
  const message = `packer build failed\n${errors.slice(-12).join("\n")}`;
  return new IgneousError("packer-failed", message, { hint: `read what it did in ${log}`, cause: ended });
}
