/** The options of `butane`, read as its own flag library reads them: anywhere, in any order, short ones packed together. */
interface OptionRow {
  readonly name: string;
  readonly short?: string;
  /** Name of the value, for those that take one. */
  readonly value?: string;
  /** Value when the option stands without one. */
  readonly bare?: string;
  readonly help?: string;
}

const rows: readonly OptionRow[] = [
  { name: "check", short: "c", help: "check config without producing output" },
  {
    name: "color",
    value: "string",
    bare: "always",
    help: 'control color output: "auto", "always", or "never"',
  },
  { name: "colour", value: "string", bare: "always" },
  { name: "debug", short: "D" },
  { name: "files-dir", short: "d", value: "string", help: "allow embedding local files from this directory" },
  { name: "help", short: "h", help: "show usage and exit" },
  {
    name: "ignition-max",
    value: "version",
    help: "write the lowest Ignition version that will do, at most this one, such as 3.3",
  },
  { name: "input", value: "string" },
  { name: "json", help: "print problems as JSON lines on stderr" },
  { name: "no-color", help: "print without colors" },
  { name: "output", short: "o", value: "string", help: "write to output file instead of stdout" },
  { name: "pretty", short: "p", help: "output formatted json" },
  {
    name: "project",
    short: "C",
    value: "dir",
    help: "render a .bu.hbs first, with the variables of the igneous.yaml in this folder",
  },
  { name: "quiet", help: "print no warnings" },
  { name: "raw", short: "r", help: "accepted and without effect: the output is always Ignition" },
  { name: "raw-errors", help: "show raw errors, rather than pretty printing them" },
  { name: "strict", short: "s", help: "fail on any warning" },
  { name: "version", short: "V", help: "print the version and exit" },
];

export interface ParsedOptions {
  readonly values: ReadonlyMap<string, string>;
  readonly files: readonly string[];
}

/** Reads the arguments; a string is what is wrong with them. */
export function parseButaneOptions(argv: readonly string[]): ParsedOptions | string {
  const values = new Map<string, string>();
  const files: string[] = [];
  const rest = [...argv];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") {
      files.push(...rest);
      break;
    }
    const problem = arg.startsWith("--")
      ? takeLong(arg.slice(2), rest, values)
      : arg.startsWith("-") && arg !== "-"
        ? takeShorts(arg.slice(1), rest, values)
        : void files.push(arg);
    if (problem !== undefined) return problem;
  }
  return { values, files };
}

function takeLong(text: string, rest: string[], values: Map<string, string>): string | undefined {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const row = rows.find((candidate) => candidate.name === name);
  if (name === "" || row === undefined) return `unknown flag: --${name}`;
  return setValue(row, equals < 0 ? undefined : text.slice(equals + 1), rest, values, `--${name}`);
}

function takeShorts(text: string, rest: string[], values: Map<string, string>): string | undefined {
  for (let position = 0; position < text.length; position++) {
    const letter = text.charAt(position);
    const row = rows.find((candidate) => candidate.short === letter);
    if (row === undefined) return `unknown shorthand flag: '${letter}' in -${text}`;
    const after = text.slice(position + 1);
    if (after.startsWith("=")) return setValue(row, after.slice(1), rest, values, `-${letter}`);
    if (row.value === undefined) {
      values.set(row.name, "true");
      continue;
    }
    if (after === "" && rest.length === 0) return `flag needs an argument: '${letter}' in -${text}`;
    return setValue(row, after === "" ? rest.shift() : after, rest, values, `-${letter}`);
  }
  return undefined;
}

const trueWords = ["1", "t", "T", "true", "TRUE", "True"];
const falseWords = ["0", "f", "F", "false", "FALSE", "False"];

function setValue(
  row: OptionRow,
  given: string | undefined,
  rest: string[],
  values: Map<string, string>,
  flag: string,
): string | undefined {
  if (row.value !== undefined) {
    const value = given ?? row.bare ?? rest.shift();
    if (value === undefined) return `flag needs an argument: ${flag}`;
    values.set(row.name, value);
    return undefined;
  }
  const value = given ?? "true";
  if (![...trueWords, ...falseWords].includes(value)) {
    return `invalid argument "${value}" for "${flag}" flag: strconv.ParseBool: parsing "${value}": invalid syntax`;
  }
  if (trueWords.includes(value)) values.set(row.name, "true");
  else values.delete(row.name);
  return undefined;
}

/** The options as `--help` prints them. */
export function butaneUsage(): string {
  const shown = rows.filter((row) => row.help !== undefined);
  const lines = shown.map((row) => {
    const short = row.short === undefined ? "    " : `-${row.short}, `;
    const left = `  ${short}--${row.name}${row.value === undefined ? "" : ` ${row.value}`}`;
    return `${left.padEnd(31)}${row.help}`;
  });
  return `Usage: igneous butane [options] [input-file]\nOptions:\n${lines.join("\n")}\n`;
}
