/** One line of `packer -machine-readable`: https://www.packer.io/docs/commands#format-for-machine-readable-output */
export interface PackerLine {
  /** Name of the build, such as `igneous.qemu.node`; empty for Packer itself. */
  readonly target: string;
  readonly type: string;
  readonly data: readonly string[];
}

/** Reads a line; undefined when it is not of that format. */
export function parsePackerLine(line: string): PackerLine | undefined {
  const match = /^\d+,([^,]*),([^,]+)(?:,(.*))?$/u.exec(line);
  if (match === null) return undefined;
  const [, target = "", type = "", data] = match;
  return { target, type, data: data === undefined ? [] : data.split(",").map(unescape) };
}

function unescape(text: string): string {
  return text.replaceAll("%!(PACKER_COMMA)", ",").replaceAll("\\n", "\n").replaceAll("\\r", "\r");
}

/** The line as Packer would have shown it to a person; undefined for what people do not see. */
export function shownLine({ type, data }: PackerLine): string | undefined {
  if (type !== "ui") return undefined;
  // eslint-disable-next-line no-control-regex -- colours
  return (data[1] ?? "").replaceAll(/\u001b\[[\d;]*m/gu, "").trimEnd();
}

/** What is worth a person's eye while a build runs: the steps of `apply` and `seal`, and Packer's own headings. */
export function findNews(line: PackerLine): string | undefined {
  const text = shownLine(line);
  if (text === undefined) return undefined;
  const step = /igneous: (apply|seal): (.*)/u.exec(text);
  if (step !== null) return `${step[1]}: ${step[2]}`;
  return line.data[0] === "say" ? /==> [^:]+: (.*)/u.exec(text)?.[1] : undefined;
}

/** The errors that Packer reports, without repetitions. */
export function packerErrors(lines: readonly PackerLine[]): readonly string[] {
  const found = lines.flatMap((line) => {
    const text = shownLine(line);
    if (line.type === "error") return [line.data.join(" ")];
    return line.type === "ui" && line.data[0] === "error" && text !== undefined && text !== "" ? [text] : [];
  });
  return [...new Set(found.map((text) => text.replace(/^==> /u, "")))];
}
