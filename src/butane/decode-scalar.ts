import { bytesToText } from "../core/byte-text.ts";
import { YamlError } from "./yaml-cursor.ts";
import type { YamlNode } from "./yaml-node-parts.ts";
import { fitsInt64, ResolveError, resolveScalar } from "./yaml-resolve.ts";

export type ScalarType = "string" | "int" | "bool";

const yes = new Set(["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"]);
const no = new Set(["n", "N", "no", "No", "NO", "off", "Off", "OFF"]);

/** The value of a scalar as a field's type; undefined when it has none. */
export function decodeScalar(node: YamlNode, type: ScalarType): string | bigint | boolean | undefined {
  const { tag, value } = resolveNode(node);
  if (type === "string") {
    return tag === "!!binary" ? decodeBase64(node.value) : node.value;
  }
  if (type === "bool") {
    if (typeof value === "boolean") return value;
    if (typeof value !== "string") return undefined;
    return yes.has(value) ? true : no.has(value) ? false : undefined;
  }
  if (typeof value === "bigint") return fitsInt64(value) ? value : undefined;
  return typeof value === "number" ? truncate(value) : undefined;
}

function resolveNode(node: YamlNode): ReturnType<typeof resolveScalar> {
  if (node.tag === "!!str") return { tag: "!!str", value: node.value };
  try {
    return resolveScalar(node.tag === "!!merge" ? "" : node.tag, node.value);
  } catch (error) {
    if (error instanceof ResolveError) throw new YamlError(error.message);
    throw error;
  }
}

function decodeBase64(value: string): string {
  const packed = value.replaceAll(/[\r\n]/gu, "");
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/u.test(packed)) {
    throw new YamlError("!!binary value contains invalid base64 data");
  }
  return bytesToText(Buffer.from(packed, "base64"));
}

// Go converts a number that is out of range to the smallest integer on amd64.
function truncate(value: number): bigint | undefined {
  if (Number.isNaN(value) || value > 2 ** 63) return undefined;
  return value >= -(2 ** 63) && value < 2 ** 63 ? BigInt(Math.trunc(value)) : -(1n << 63n);
}
