/** HCL as `packer fmt` leaves it, for the parts that a template cannot hold. */

export type HclValue =
  | string
  | number
  | boolean
  | readonly HclValue[]
  | { readonly [name: string]: HclValue };

/** A provisioner as the spec has it: its type, and its own attributes. */
export interface Provisioner {
  readonly type: string;
  readonly [attribute: string]: HclValue;
}

/** A `provisioner` block, indented for the inside of a `build` block. */
export function renderProvisioner({ type, ...attributes }: Provisioner): string {
  const names = Object.keys(attributes);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = names.map((name) => `    ${name.padEnd(width)} = ${renderValue(attributes[name] ?? "")}`);
  return [`  provisioner ${renderString(type)} {`, ...lines, "  }"].join("\n");
}

/** Expressions such as `${path.root}` in strings of the spec are Packer's to read, as in a template. */
function renderValue(value: HclValue): string {
  if (typeof value === "string") return renderString(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(renderValue).join(", ")}]`;
  const entries = Object.entries(value).map(([name, item]) => `${renderKey(name)} = ${renderValue(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function isList(value: HclValue): value is readonly HclValue[] {
  return Array.isArray(value);
}

function renderKey(name: string): string {
  return /^[A-Za-z_][\w-]*$/u.test(name) ? name : renderString(name);
}

function renderString(text: string): string {
  return JSON.stringify(text);
}
