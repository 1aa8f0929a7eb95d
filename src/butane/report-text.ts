import { byteLength, bytesToText, goSpaces, printableText, textToBytes } from "../core/byte-text.ts";
import { pathText } from "../ignition/value.ts";
import type { ButaneEntry } from "./butane.ts";

export interface ReportStyle {
  readonly colour: boolean;
  /** Also says what to do about a problem, where that is known; without it the text is butane's own. */
  readonly hints: boolean;
  /** One line for each entry, without the text. */
  readonly raw: boolean;
}

const codes = { error: "31", warning: "33" } as const;
const blue = "34";
const contextLines = 2;
const wordPattern = new RegExp(`^[^${goSpaces}]*`, "u");

/** As many entries as are made into one text; all of them may be more than a string can hold. */
const entriesAtOnce = 1000;

/**
 * The entries as butane prints them: severity, place, two lines of context on each side, carets and the message. The text
 * comes in pieces.
 */
export function* renderEntries(
  entries: readonly ButaneEntry[],
  file: string,
  source: Uint8Array,
  style: ReportStyle,
): Generator<string> {
  const whole = bytesToText(source);
  const text = { lines: whole.split("\n"), ascii: whole.length === source.length };
  for (let start = 0; start < entries.length; start += entriesAtOnce) {
    const texts = entries
      .slice(start, start + entriesAtOnce)
      .map((entry) => (style.raw ? `${renderRaw(entry)}\n` : renderEntry(entry, file, text, style)));
    yield (start === 0 || style.raw ? "" : "\n") + texts.join(style.raw ? "" : "\n");
  }
}

function renderRaw({ severity, path, message, position }: ButaneEntry): string {
  const place = position === undefined ? "" : `line ${position.line} col ${position.column}`;
  const where = [path.length === 0 ? "" : pathText(path), place].filter((part) => part !== "").join(", ");
  return `${severity}${where === "" ? "" : ` at ${where}`}: ${message}`;
}

interface SourceText {
  readonly lines: readonly string[];
  /** Each character is one byte, so that nothing needs to be counted or replaced. */
  readonly ascii: boolean;
}

function renderEntry(entry: ButaneEntry, file: string, text: SourceText, style: ReportStyle): string {
  const { lines, ascii } = text;
  const { position } = entry;
  const line = position === undefined ? undefined : lines[position.line - 1];
  if (
    position === undefined ||
    line === undefined ||
    position.column > (ascii ? line.length : byteLength(line))
  )
    return `${renderRaw(entry)}\n`;
  const paint = (text: string, code: string): string =>
    style.colour ? `\u001b[1;${code}m${text}\u001b[0m` : text;
  const first = Math.max(1, position.line - contextLines);
  const last = Math.min(lines.length, position.line + contextLines);
  const width = String(last).length;
  const gutter = " ".repeat(width);
  const path = entry.path.length === 0 ? "" : `[${pathText(entry.path)}]`;
  const out = [
    `${paint(entry.severity, codes[entry.severity])}${path}:`,
    `  ${paint("-->", blue)} ${file}:${position.line}:${position.column}`,
    ` ${gutter} |`,
  ];
  for (let number = first; number <= last; number++) {
    const near = lines[number - 1] ?? "";
    const shown = ascii ? near : printableText(near);
    out.push(` ${paint(String(number).padStart(width), blue)} | ${shown}`);
    if (number !== position.line) continue;
    const word =
      wordPattern.exec(ascii ? line.slice(position.column - 1) : restOfLine(line, position.column))?.[0] ??
      "";
    const carets = paint("^".repeat(Buffer.byteLength(word)), blue);
    out.push(` ${gutter} | ${" ".repeat(position.column - 1)}${carets} ${entry.message}`);
  }
  out.push(` ${gutter} |`);
  const hint = style.hints ? entry.findHint() : undefined;
  if (hint !== undefined) out.push(` ${gutter} = ${hint}`);
  return `${out.join("\n")}\n`;
}

// Columns are counted in characters, carets are placed by bytes: so does butane.
function restOfLine(line: string, column: number): string {
  const bytes = byteLength(line);
  if (bytes === line.length) return line.slice(column - 1);
  return bytesToText(textToBytes(line).subarray(column - 1));
}
