import { bytesToText } from "../core/byte-text.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { type Diagnostic, hasErrors, type Report } from "../core/report.ts";
import { readNamedInput } from "../host/input.ts";
import { ignitionTypes, ignitionVersion, newestMinor } from "../ignition/ignition-types.ts";
import { raiseConfig } from "../ignition/lower.ts";
import { mergeConfigs } from "../ignition/merge.ts";
import { isFatal, type Problem } from "../ignition/problem.ts";
import { type JsonNode, JsonError, readJson } from "../ignition/read-json.ts";
import { duplicateProblems, ruleProblems } from "../ignition/rules.ts";
import { mapSource } from "../ignition/source-map.ts";
import { configProblems, readConfig } from "../ignition/validate.ts";
import { pathText, type Struct } from "../ignition/value.ts";
import { findVersion } from "../ignition/version.ts";
import { writeJson } from "../ignition/write-json.ts";

export interface CheckedIgnition {
  readonly file: string;
  /** Spec version, such as `3.4.0`. */
  readonly version: string;
  /** What was found; no errors among it. */
  readonly report: Report;
}

interface Loaded {
  readonly file: string;
  readonly minor: number;
  readonly config: Struct;
  readonly report: Report;
}

/** Judges an Ignition config as `ignition-validate` does; `-` is standard input. Errors come all at once, as `input-invalid`. */
export async function validateIgnition(cwd: string, file: string): Promise<CheckedIgnition> {
  const { minor, report } = await load(cwd, file);
  return { file: report.file, version: ignitionVersion(minor), report };
}

/**
 * Merges configs in the order given, each over what is before it, in the newest spec version among them. Nothing is
 * fetched: `ignition.config` stays as it is.
 */
export async function mergeIgnition(
  context: Context,
  cwd: string,
  files: readonly string[],
): Promise<{ readonly version: string; readonly json: string }> {
  const loaded = await Promise.all(files.map((file) => load(cwd, file)));
  const minor = Math.max(...loaded.map((config) => config.minor));
  const types = ignitionTypes(minor);
  const raised = loaded.map(({ config, minor: own }) =>
    own === minor ? config : raiseConfig(config, ignitionTypes(own), minor),
  );
  const merged = raised.reduce((parent, child) => mergeConfigs("Config", parent, child, types).result);
  const problems = [...ruleProblems(merged, types), ...duplicateProblems(merged, types)];
  const describe = (problem: Problem): Diagnostic => diagnosticOf(problem);
  if (isFatal(problems)) throw invalid("the merged config", "", problems.map(describe));
  for (const { message, path } of problems)
    context.emit({ type: "warning", message: `${pathText(path)}: ${message}` });
  return { version: ignitionVersion(minor), json: `${writeJson("Config", merged, types, true)}\n` };
}

async function load(cwd: string, file: string): Promise<Loaded> {
  const source = bytesToText(await readNamedInput(cwd, file === "-" ? undefined : file));
  const name = file === "-" ? "<stdin>" : file;
  const minor = findMinor(source, name);
  const types = ignitionTypes(minor);
  const read = readConfig(source, types);
  if ("problem" in read) {
    const { message, line, column } = read.problem;
    throw invalid(name, source, [{ severity: "error", message, position: { line, column } }]);
  }
  const { problems, keys } = configProblems(read.config, read.root, types);
  const places = mapSource(read.root);
  const diagnostics = problems.map((problem) => ({
    ...diagnosticOf(problem),
    position: keys.has(problem.path) ? places.positionOfKey(problem.path) : places.positionOf(problem.path),
  }));
  if (hasErrors(diagnostics)) throw invalid(name, source, diagnostics);
  return { file: name, minor, config: read.config, report: { file: name, source, diagnostics } };
}

function diagnosticOf({ severity, path, message }: Problem): Diagnostic {
  return { severity, message, ...(path.length === 0 ? {} : { path: pathText(path).slice(2) }) };
}

function invalid(file: string, source: string, diagnostics: readonly Diagnostic[]): IgneousError {
  return new IgneousError("input-invalid", `${file} is not a valid Ignition config`, {
    report: { file, source, diagnostics },
  });
}

/** The spec version that a text names, which decides what it is read as. */
function findMinor(source: string, file: string): number {
  const fail = (message: string, node?: { readonly line: number; readonly column: number }): IgneousError =>
    invalid(file, source, [
      {
        severity: "error",
        message,
        ...(node === undefined ? {} : { position: { line: node.line, column: node.column } }),
      },
    ]);
  if (source.trim() === "") throw fail("not a config (empty)");
  let root: JsonNode;
  try {
    root = readJson(source);
  } catch (error) {
    if (error instanceof JsonError) throw fail(error.message, error);
    throw error;
  }
  const places = mapSource(root);
  const node = places.find(["ignition", "version"]);
  const version = findVersion(node?.value ?? "");
  if (version === undefined) throw fail("invalid config version (couldn't parse)", node ?? root);
  for (let minor = 0; minor <= newestMinor; minor++) if (ignitionVersion(minor) === version) return minor;
  throw fail(`unsupported config version ${version}`, node);
}
