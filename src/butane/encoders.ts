/** How a value is written inside each language that our templates render to. None of them can be left by its own content. */

export type Encoder = (value: unknown) => string;

/** Encoders that a template may call as helpers: `{{yaml x}}`, `{{shell x}}`, `{{hcl x}}`, `{{systemd x}}`, `{{json x}}`. */
export const encoders: Readonly<Record<string, Encoder>> = {
  hcl: hclString,
  json: jsonValue,
  shell: shellWord,
  systemd: systemdValue,
  yaml: yamlScalar,
};

/** One YAML value: strings in double quotes, everything else as JSON, which is YAML too. */
export function yamlScalar(value: unknown): string {
  return jsonValue(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** JSON; control characters and DEL are escaped, so that a YAML reader takes it as well. */
export function jsonValue(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new Error(`cannot be written as JSON: ${typeof value}`);
  return text.replaceAll(/[\u007f-\u009f\ufeff]/gu, (character) => unicodeEscape(character));
}

/** One word of a POSIX shell. */
export function shellWord(value: unknown): string {
  const text = plainText(value, "a shell word");
  if (text.includes("\0")) throw new Error("a shell word cannot hold a NUL byte");
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A quoted HCL string in which `${` and `%{` are text. */
export function hclString(value: unknown): string {
  const text = JSON.stringify(plainText(value, "an HCL string"));
  return text.replaceAll("${", () => "$${").replaceAll("%{", "%%{");
}

/** One argument in a systemd unit: `%` and `$` are text, spaces do not split it. A line end is refused. */
export function systemdValue(value: unknown): string {
  const text = plainText(value, "a systemd value");
  if (/[\0\r\n]/u.test(text)) throw new Error("a systemd value cannot hold a line end or a NUL byte");
  const literal = text.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (literal !== "" && /^[^\s"'\\;#]+$/u.test(literal)) return literal;
  return `"${literal.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function plainText(value: unknown, wanted: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return String(value);
  throw new Error(`${wanted} needs a string or a number, not ${value === null ? "null" : typeof value}`);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
