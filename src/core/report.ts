/** Problems found in a text that a person wrote, each with its place, so that all of them can be shown at once. */

export type Severity = "error" | "warning";

/** A place in a text: line and column start at 1, columns count characters. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Diagnostic {
  readonly severity: Severity;
  readonly message: string;
  /** Path of the value in its document, such as `containers.etcd.image`. */
  readonly path?: string;
  readonly position?: Position;
  /** What to do about it. */
  readonly hint?: string;
}

export interface Report {
  /** File name as the user gave it. */
  readonly file: string;
  readonly source: string;
  readonly diagnostics: readonly Diagnostic[];
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}

/** The position of a character offset in a text; CRLF and lone CR count as one line end. */
export function positionAt(source: string, offset: number): Position {
  const before = source.slice(0, offset).split(/\r\n|\n|\r/u);
  return { line: before.length, column: Array.from(before.at(-1) ?? "").length + 1 };
}

/** Renders one `file:line:column: severity: message` block per problem, with the line and a caret under the place. */
export function renderReport(report: Report): string {
  const lines = report.source.split(/\r\n|\n|\r/u);
  return report.diagnostics.map((diagnostic) => renderDiagnostic(report.file, lines, diagnostic)).join("\n");
}

function renderDiagnostic(file: string, lines: readonly string[], diagnostic: Diagnostic): string {
  const { position } = diagnostic;
  const where = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  const path = diagnostic.path === undefined || diagnostic.path === "" ? "" : `${diagnostic.path}: `;
  const out = [`${where}: ${diagnostic.severity}: ${path}${diagnostic.message}`];
  const text = position === undefined ? undefined : lines[position.line - 1];
  if (position !== undefined && text !== undefined) {
    const number = String(position.line).padStart(5);
    const indent = Array.from(text)
      .slice(0, position.column - 1)
      .map((character) => (character === "\t" ? "\t" : " "))
      .join("");
    out.push(`${number} | ${text}`, `${" ".repeat(5)} | ${indent}^`);
  }
  if (diagnostic.hint !== undefined) out.push(`      = ${diagnostic.hint}`);
  return out.join("\n");
}
