import { textToBytes } from "../core/byte-text.ts";
import { IgneousError } from "../core/errors.ts";
import type { LocalFiles } from "../core/local-files.ts";
import { type Diagnostic, hasErrors, type Position } from "../core/report.ts";
import type { IgnitionConfig } from "../ignition/config.ts";
import { type Path, pathText } from "../ignition/value.ts";
import { type ButaneEntry, type ButaneResult, runButane } from "./butane.ts";

export interface TranslateOptions {
  /** Name of the config in messages. */
  readonly file: string;
  /** The folder that `local` names are read from; without one they are errors. */
  readonly files?: LocalFiles;
  /** Warnings are errors. */
  readonly strict?: boolean;
  /** The newest Ignition spec that may be written, such as `3.3`; the output is then the lowest version that will do. */
  readonly ignitionMax?: string;
  /** For a rendered template: the template's line of a line of the source (see template.ts). */
  readonly templateLine?: (line: number) => number;
  /** The text that places in messages refer to when it is not the source: the template's own. */
  readonly shown?: string;
}

export interface TranslatedButane {
  readonly ignition: IgnitionConfig;
  /** The config as one line of JSON, without a line end. */
  readonly json: string;
  /** Warnings; a config with errors is not returned. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where a part of the Ignition config comes from in the source. */
  readonly locate: (path: Path) => Position;
}

/** Translates a Butane config. All problems of one that cannot be translated come as one `input-invalid`, each at its place. */
export function translateButane(source: string, options: TranslateOptions): TranslatedButane {
  const result = runButane(textToBytes(source), options.files, parseMax(options.ignitionMax));
  const inTemplate = ({ line, column }: Position): Position =>
    options.templateLine === undefined ? { line, column } : { line: options.templateLine(line), column };
  const diagnostics = diagnosticsOf(result, inTemplate);
  const { output } = result;
  if (output === undefined || hasErrors(diagnostics) || (options.strict === true && diagnostics.length > 0)) {
    throw new IgneousError("input-invalid", `${options.file} is not a valid Butane config`, {
      report: { file: options.file, source: options.shown ?? source, diagnostics },
      hint: `correct ${options.file} and run the same command again`,
    });
  }
  const json = output.json(false);
  const ignition = JSON.parse(json) as IgnitionConfig;
  return { ignition, json, diagnostics, locate: (path) => inTemplate(output.locate(path)) };
}

/** `3.3` or `3.3.0` as the minor 3. */
export function parseMax(version: string | undefined): number | undefined {
  if (version === undefined) return undefined;
  const minor = /^3\.([0-7])(?:\.0)?$/u.exec(version)?.[1];
  if (minor === undefined) {
    throw new IgneousError("usage", `'${version}' is no Ignition spec version`, {
      hint: "name one from 3.0 to 3.7, such as 3.3",
    });
  }
  return Number(minor);
}

function diagnosticsOf(
  result: ButaneResult,
  inTemplate: (position: Position) => Position,
): readonly Diagnostic[] {
  const entries = result.entries.map((entry) => diagnosticOf(entry, inTemplate));
  if (result.failure === undefined || hasErrors(entries)) return entries;
  return [...entries, ...failureDiagnostics(result.failure, inTemplate)];
}

function diagnosticOf(entry: ButaneEntry, inTemplate: (position: Position) => Position): Diagnostic {
  const { severity, message, position, path, findHint } = entry;
  const hint = findHint();
  return {
    severity,
    message,
    ...(path.length === 0 ? {} : { path: pathText(path).slice(2) }),
    ...(position === undefined ? {} : { position: inTemplate(position) }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** A text that could not be read has no entries, only words, one line for each problem, with at most a line number. */
function failureDiagnostics(
  failure: string,
  inTemplate: (position: Position) => Position,
): readonly Diagnostic[] {
  const lines = failure
    .replace(/^Error unmarshaling yaml: /u, "")
    .replace(/^yaml: (?:unmarshal errors:\n)?/u, "")
    .split("\n");
  return lines.map((text) => {
    const match = /^ *line (\d+): (.*)$/su.exec(text);
    if (match === null) return { severity: "error", message: text.trim() };
    const position = inTemplate({ line: Number(match[1]), column: 1 });
    return { severity: "error", message: match[2] ?? "", position };
  });
}
