import { type Digest, digestOf } from "../core/digest.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { Lock } from "./schema.ts";

/** The lock without its checksum: what the checksum is of. */
export type LockContent = Omit<Lock, "checksum" | "schemaVersion">;

export function checksumOf(content: LockContent & Partial<Lock>): Digest {
  const { checksum: _checksum, schemaVersion: _version, ...rest } = content;
  return digestOf(canonicalJson(rest as Json));
}

/** The lock's text: `schemaVersion` and `checksum` first, other keys sorted, one line for each layer and package. */
export function formatLock(content: LockContent): string {
  const { schemaVersion: _version, checksum: _checksum, ...rest } = content as Lock;
  return `${render({ schemaVersion: 1, checksum: checksumOf(rest), ...sortKeys(rest) } as Json, "", false)}\n`;
}

function sortKeys(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function render(value: Json, indent: string, inArray: boolean): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.filter((item) => item !== undefined).map((item) => inner + render(item, inner, true));
    return items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(indent === "" ? value : sortKeys(value)).filter(
    ([, item]) => item !== undefined,
  );
  if (entries.length === 0) return "{}";
  const flat = inArray && entries.every(([, item]) => item === null || typeof item !== "object");
  if (flat)
    return `{ ${entries.map(([key, item]) => `${JSON.stringify(key)}: ${JSON.stringify(item)}`).join(", ")} }`;
  const lines = entries.map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${render(item as Json, inner, false)}`,
  );
  return `{\n${lines.join(",\n")}\n${indent}}`;
}
