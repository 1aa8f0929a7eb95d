import { quoteGo } from "../core/byte-text.ts";
import type { YamlNode } from "./yaml-node-parts.ts";

function hasRepeatedKey(content: readonly YamlNode[]): boolean {
  for (let i = 2; i < content.length; i += 2) {
    const key = content[i] as YamlNode;
    for (let j = 0; j < i; j += 2) {
      const other = content[j] as YamlNode;
      if (other.value === key.value && other.kind === key.kind) return true;
    }
  }
  return false;
}

/** Mappings of this many keys are compared without an index. */
const fewKeys = 8;

/** Notes every key that a mapping has more than once. Returns whether there was none. */
export function checkUnique(problems: string[], node: YamlNode): boolean {
  if (node.content.length <= 2 * fewKeys && !hasRepeatedKey(node.content)) return true;
  const byName = new Map<string, YamlNode[]>();
  for (let i = 0; i < node.content.length; i += 2) {
    const key = node.content[i] as YamlNode;
    const id = `${key.kind} ${key.value}`;
    const same = byName.get(id);
    if (same === undefined) byName.set(id, [key]);
    else same.push(key);
  }
  if (byName.size * 2 === node.content.length) return true;
  const places = new Map<YamlNode, number>();
  for (const same of byName.values()) for (const [place, key] of same.entries()) places.set(key, place);
  for (let i = 0; i < node.content.length; i += 2) {
    const first = node.content[i] as YamlNode;
    const same = byName.get(`${first.kind} ${first.value}`) ?? [];
    if (same.length === 1) continue;
    const rest = `: mapping key ${quoteGo(first.value)} already defined at line ${first.line}`;
    for (let k = (places.get(first) ?? 0) + 1; k < same.length; k++) {
      problems.push(`line ${(same[k] as YamlNode).line}${rest}`);
    }
  }
  return false;
}
