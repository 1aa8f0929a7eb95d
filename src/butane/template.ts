import Handlebars from "handlebars";
import { IgneousError } from "../core/errors.ts";
import type { Diagnostic } from "../core/report.ts";
import { type Encoder, encoders } from "./encoders.ts";

export interface TemplateOptions {
  /** Name of the template in messages. */
  readonly file: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface RenderedTemplate {
  readonly text: string;
  /** The line of the template that a line of the text came from; both start at 1. */
  readonly templateLine: (line: number) => number;
}

/**
 * Renders a Handlebars template: a missing variable is an error, nothing is escaped unless an encoder helper says how,
 * and every failure is an `input-invalid` at the line of the template.
 */
export function renderTemplate(source: string, options: TemplateOptions): string {
  return renderTemplateMapped(source, options).text;
}

/** Like {@link renderTemplate}, and remembers which line came from where. */
export function renderTemplateMapped(source: string, options: TemplateOptions): RenderedTemplate {
  const handlebars = Handlebars.create();
  for (const [name, encode] of Object.entries(encoders)) {
    handlebars.registerHelper(name, encoderHelper(name, encode));
  }
  for (const name of ["each", "if", "unless", "with"]) {
    handlebars.registerHelper(name, knownOnly(name, handlebars.helpers[name] as Helper));
  }
  try {
    const program = handlebars.parse(source);
    markLines(program);
    const render = handlebars.compile(program, { strict: true, noEscape: true, knownHelpersOnly: false });
    return readMarks(render(withoutPrototypes(options.variables)));
  } catch (error) {
    throw templateError(error, source, options.file);
  }
}

type Helper = (this: unknown, ...parameters: readonly unknown[]) => unknown;

interface Located {
  readonly loc?: { readonly start: { readonly line: number; readonly column: number } };
}

/** A failure inside a helper, with the place of its call, which Handlebars hands to every helper. */
function failAt(options: unknown, message: string): Error {
  const start = (options as Located).loc?.start;
  return new Error(start === undefined ? message : `${message} - ${start.line}:${start.column}`);
}

function encoderHelper(name: string, encode: Encoder): Helper {
  return (...parameters) => {
    const options = parameters.at(-1);
    if (parameters.length !== 2)
      throw failAt(options, `'${name}' wants one value, got ${parameters.length - 1}`);
    if (parameters[0] === undefined) throw failAt(options, `the variable given to '${name}' has no value`);
    try {
      return encode(parameters[0]);
    } catch (error) {
      throw failAt(options, error instanceof Error ? error.message : String(error));
    }
  };
}

// Strict mode looks only at values that are printed; a misspelt condition would silently be false.
function knownOnly(name: string, helper: Helper): Helper {
  return function (this: unknown, ...parameters) {
    if (parameters[0] === undefined) {
      throw failAt(parameters.at(-1), `the variable given to '#${name}' has no value`);
    }
    return helper.apply(this, [...parameters]);
  };
}

// What is left of Object.prototype: strict mode writes the object into its message.
const bareObject: object = Object.assign(Object.create(null), {
  [Symbol.toPrimitive]: () => "the variables",
});

// Strict mode asks `name in object`, which is true of everything that Object.prototype has.
function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withoutPrototypes(item)] as const);
  return Object.assign(Object.create(bareObject), Object.fromEntries(entries));
}

// Private-use characters around a line number: put at the start of each line of plain text, taken out after rendering.
const markPattern = /\u{F0000}(\d+)\u{F0001}/gu;

function markLines(program: hbs.AST.Program): void {
  for (const statement of program.body) {
    if (statement.type === "ContentStatement") {
      const content = statement as hbs.AST.ContentStatement;
      // The type says StripFlags, the parser puts the text before white space control here.
      const original = content.original as unknown as string;
      const trimmed = original.indexOf(content.value);
      const first = content.loc.start.line + countLines(original.slice(0, Math.max(0, trimmed)));
      const lines = content.value.split("\n");
      content.value = lines
        .map((line, index) => (line === "" && index > 0 ? line : `\u{F0000}${first + index}\u{F0001}${line}`))
        .join("\n");
    }
    if (statement.type === "BlockStatement") {
      const block = statement as hbs.AST.BlockStatement;
      if (block.program !== undefined) markLines(block.program);
      if (block.inverse !== undefined) markLines(block.inverse);
    }
  }
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}

function readMarks(rendered: string): RenderedTemplate {
  const origins: number[] = [];
  let last = 1;
  const lines = rendered.split("\n").map((line) => {
    const mark = markPattern.exec(line);
    markPattern.lastIndex = 0;
    last = mark?.[1] === undefined ? last : Number(mark[1]);
    origins.push(last);
    return line.replaceAll(markPattern, "");
  });
  return { text: lines.join("\n"), templateLine: (line) => origins[line - 1] ?? last };
}

function templateError(error: unknown, source: string, file: string): IgneousError {
  const text = error instanceof Error ? error.message : String(error);
  const syntax = /^Parse error on line (\d+):\n[\s\S]*?\n(Expecting .*)$/u.exec(text);
  const strict = /^"(.*)" not defined in .* - (\d+):(\d+)$/su.exec(text);
  const elsewhere = / - (\d+):(\d+)$/u.exec(text);
  const problem: Diagnostic =
    syntax !== null
      ? {
          severity: "error",
          message: `template syntax: ${lower(syntax[2] ?? "")}`,
          position: { line: Number(syntax[1]), column: 1 },
        }
      : strict !== null
        ? {
            severity: "error",
            message: `variable '${strict[1]}' has no value`,
            position: { line: Number(strict[2]), column: Number(strict[3]) + 1 },
          }
        : {
            severity: "error",
            message: text.replace(/ - \d+:\d+$/u, ""),
            ...(elsewhere === null
              ? {}
              : { position: { line: Number(elsewhere[1]), column: Number(elsewhere[2]) + 1 } }),
          };
  return new IgneousError("input-invalid", `${file} cannot be rendered`, {
    cause: error,
    report: { file, source, diagnostics: [problem] },
  });
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
