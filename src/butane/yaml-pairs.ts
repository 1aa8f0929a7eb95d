import { quoteGo } from "../core/byte-text.ts";
import type { YamlNode } from "./yaml-node-parts.ts";

/** Keys and values of a mapping. */
export function* pairs(node: YamlNode): Generator<readonly [YamlNode, YamlNode]> {
  for (let i = 0; i + 1 < node.content.length; i += 2) {
    yield [node.content[i] as YamlNode, node.content[i + 1] as YamlNode];
  }
}

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
  const keys = [...pairs(node)].map(([key]) => key);
  const byName = new Map<string, YamlNode[]>();
  for (const key of keys) {
    const id = `${key.kind} ${key.value}`;
    const same = byName.get(id);
    if (same === undefined) byName.set(id, [key]);
    else same.push(key);
  }
  let unique = true;
  for (const first of keys) {
    const same = byName.get(`${first.kind} ${first.value}`) ?? [];
    for (const later of same.slice(same.indexOf(first) + 1)) {
      unique = false;
      const name = quoteGo(later.value);
      problems.push(`line ${later.line}: mapping key ${name} already defined at line ${first.line}`);
    }
  }
  return unique;
}
