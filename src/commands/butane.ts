import { type ButaneEntry, runButane } from "../butane/butane.ts";
import { renderEntries } from "../butane/report-text.ts";
import { parseMax } from "../butane/translate-butane.ts";
import { systemErrorCode } from "../core/errors.ts";
import { pathText } from "../ignition/value.ts";
import { readInput, writeOutput } from "../host/input.ts";
import { openLocalFiles } from "../host/local-files.ts";

export interface ButaneOptions {
  readonly cwd: string;
  /** Standard input when undefined. */
  readonly file: string | undefined;
  readonly filesDir: string | undefined;
  readonly output: string | undefined;
  readonly check: boolean;
  readonly colour: boolean;
  /** Adds what to do about a problem to butane's own words. */
  readonly hints: boolean;
  /** Problems as JSON lines. */
  readonly json: boolean;
  readonly pretty: boolean;
  readonly rawErrors: boolean;
  readonly strict: boolean;
  readonly ignitionMax: string | undefined;
}

/** What butane would print, and its exit status. */
export interface ButaneRun {
  readonly stdout: string;
  /** In pieces, since all problems of a config may be more than one string can hold. */
  readonly stderr: Iterable<string>;
  readonly exit: 0 | 1;
}

/** Translates one Butane config as the program `butane` does: same output, same messages, same exit status. */
export async function butane(options: ButaneOptions): Promise<ButaneRun> {
  const { cwd, file, filesDir, output, json: isJson } = options;
  const failed = (report: Iterable<string>, message: string): ButaneRun => {
    const last = isJson ? JSON.stringify({ type: "error", message, exitCode: 1 }) : message;
    return { stdout: "", stderr: withLast(report, `${last}\n`), exit: 1 };
  };
  const ignitionMax = parseMax(options.ignitionMax);
  let source: Uint8Array;
  try {
    source = await readInput(cwd, file);
  } catch (error) {
    return failed([], `failed to open ${file}: ${describe("open", file, error)}`);
  }
  const files = filesDir === undefined || filesDir === "" ? undefined : openLocalFiles(filesDir, cwd);
  const result = runButane(source, files, ignitionMax);
  const style = { colour: options.colour, hints: options.hints, raw: options.rawErrors };
  const report = isJson
    ? jsonEntries(result.entries)
    : renderEntries(result.entries, file ?? "<stdin>", source, style);
  if (result.output === undefined) return failed(report, `Error translating config: ${result.failure}`);
  if (options.strict && result.entries.length > 0) {
    return failed(report, "Config produced warnings and --strict was specified");
  }
  if (options.check) return { stdout: "", stderr: report, exit: 0 };
  const json = `${result.output.json(options.pretty)}\n`;
  if (output === undefined || output === "") return { stdout: json, stderr: report, exit: 0 };
  try {
    await writeOutput(cwd, output, json);
  } catch (error) {
    return failed(report, `failed to open ${output}: ${describe("open", output, error)}`);
  }
  return { stdout: "", stderr: report, exit: 0 };
}

function* jsonEntries(entries: readonly ButaneEntry[]): Generator<string> {
  for (const { severity, message, path, position, findHint } of entries)
    yield `${JSON.stringify({ type: severity, message, path: pathText(path), position, hint: findHint() })}\n`;
}

function* withLast(report: Iterable<string>, last: string): Generator<string> {
  yield* report;
  yield last;
}

function describe(operation: string, file: string | undefined, error: unknown): string {
  if (systemErrorCode(error) === undefined) throw error;
  const text = error instanceof Error ? error.message : String(error);
  return `${operation} ${file}: ${/^[A-Z]+: ([^,]+)/u.exec(text)?.[1] ?? text}`;
}
