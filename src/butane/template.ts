import Handlebars from "handlebars";
import { IgneousError } from "../core/errors.ts";
import type { Diagnostic } from "../core/report.ts";
import { type Encoder, encoders } from "./encoders.ts";
import { blockHelpers, namesByPlace, placeOf, type TemplateName } from "./template-names.ts";

export interface TemplateOptions {
  /** Name of the template in messages. */
  readonly file: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What to do about a variable of the outermost level that has no value. */
  readonly adviseMissing?: (variable: string) => string;
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
  let names: ReadonlyMap<string, TemplateName> = new Map();
  const nameAt: NameAt = (loc) => names.get(placeOf(loc?.start));
  for (const [name, encode] of Object.entries(encoders)) {
    handlebars.registerHelper(name, encoderHelper(name, encode, nameAt));
  }
  for (const name of blockHelpers) {
    handlebars.registerHelper(name, knownOnly(name, handlebars.helpers[name] as Helper, nameAt));
  }
  try {
    const program = handlebars.parse(source);
    names = namesByPlace(program);
    markLines(program);
    const render = handlebars.compile(program, { strict: true, noEscape: true, knownHelpersOnly: false });
    return readMarks(render(withoutPrototypes(options.variables)));
  } catch (error) {
    throw templateError(error, source, options, names);
  }
}

type Helper = (this: unknown, ...parameters: readonly unknown[]) => unknown;

interface Located {
  readonly loc?: { readonly start: { readonly line: number; readonly column: number } };
}

type NameAt = (loc: Located["loc"]) => TemplateName | undefined;

function noValue(options: unknown, helper: string, nameAt: NameAt): Error {
  const name = nameAt((options as Located).loc)?.name;
  return failAt(
    options,
    name === undefined ? `what is given to '${helper}' has no value` : `variable '${name}' has no value`,
  );
}

/** A failure inside a helper, with the place of its call, which Handlebars hands to every helper. */
function failAt(options: unknown, message: string): Error {
  const start = (options as Located).loc?.start;
  return new Error(start === undefined ? message : `${message} - ${start.line}:${start.column}`);
}

function encoderHelper(name: string, encode: Encoder, nameAt: NameAt): Helper {
  return (...parameters) => {
    const options = parameters.at(-1);
    if (parameters.length !== 2)
      throw failAt(options, `'${name}' wants one value, got ${parameters.length - 1}`);
    if (parameters[0] === undefined) throw noValue(options, name, nameAt);
    try {
      return encode(parameters[0]);
    } catch (error) {
      throw failAt(options, error instanceof Error ? error.message : String(error));
    }
  };
}

// Strict mode looks only at values that are printed; a misspelt condition would silently be false.
function knownOnly(name: string, helper: Helper, nameAt: NameAt): Helper {
  return function (this: unknown, ...parameters) {
    if (parameters[0] === undefined) throw noValue(parameters.at(-1), `#${name}`, nameAt);
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

function templateError(
  error: unknown,
  source: string,
  { file, adviseMissing }: TemplateOptions,
  names: ReadonlyMap<string, TemplateName>,
): IgneousError {
  const problem = templateProblem(error instanceof Error ? error.message : String(error));
  const { position } = problem;
  const named =
    position === undefined
      ? undefined
      : names.get(placeOf({ line: position.line, column: position.column - 1 }));
  const hint =
    named?.isOutermost === true && problem.message.endsWith("has no value")
      ? adviseMissing?.(named.name)
      : undefined;
  return new IgneousError("input-invalid", `${file} cannot be rendered`, {
    cause: error,
    report: { file, source, diagnostics: [{ ...problem, ...(hint === undefined ? {} : { hint }) }] },
    hint: `correct ${file} and run the same command again`,
  });
}

function templateProblem(text: string): Diagnostic {
  const syntax = /^Parse error on line (\d+):\n[\s\S]*?\n(Expecting .*)$/u.exec(text);
  if (syntax !== null) {
    const message = `template syntax: ${lower(syntax[2] ?? "")}`;
    return { severity: "error", message, position: { line: Number(syntax[1]), column: 1 } };
  }
  const strict = /^"(.*)" not defined in .* - \d+:\d+$/su.exec(text);
  const place = / - (\d+):(\d+)$/u.exec(text);
  return {
    severity: "error",
    message: strict === null ? text.replace(/ - \d+:\d+$/u, "") : `variable '${strict[1]}' has no value`,
    ...(place === null ? {} : { position: { line: Number(place[1]), column: Number(place[2]) + 1 } }),
  };
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
