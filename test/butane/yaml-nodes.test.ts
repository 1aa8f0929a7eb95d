import { describe, expect, it } from "vitest";
import { YamlError } from "../../src/butane/yaml-cursor.ts";
import type { YamlNode } from "../../src/butane/yaml-node-parts.ts";
import { readYamlNodes } from "../../src/butane/yaml-nodes.ts";
import { textToBytes } from "../../src/core/byte-text.ts";
import { readGolden } from "./golden.ts";

type Tree = readonly [
  kind: string,
  tag: string,
  value: string,
  line: number,
  column: number,
  ...children: Tree[],
];

interface Golden {
  readonly bytes: string;
  readonly error?: string;
  readonly none?: boolean;
  readonly tree?: Tree;
}

const treeOf = (node: YamlNode): Tree => [
  node.kind.charAt(0),
  node.tag,
  Buffer.from(textToBytes(node.value)).toString("base64"),
  node.line,
  node.column,
  ...node.content.map(treeOf),
];

const read = (bytes: Uint8Array): Omit<Golden, "bytes"> => {
  try {
    const node = readYamlNodes(bytes);
    return node === undefined ? { none: true } : { tree: treeOf(node) };
  } catch (error) {
    if (error instanceof YamlError) return { error: error.message };
    throw error;
  }
};

describe("readYamlNodes", () => {
  it("reads what go-yaml reads, with its tags and places, and refuses what it refuses, in its words", () => {
    const goldens = readGolden<Golden>("yaml.jsonl");
    expect(goldens.length).toBeGreaterThan(200);
    for (const { bytes, ...expected } of goldens) {
      expect([bytes, read(Buffer.from(bytes, "base64"))]).toEqual([bytes, expected]);
    }
  });

  it("refuses nesting that would not fit on the stack", () => {
    expect(read(Buffer.from("[".repeat(5000)))).toEqual({
      error: "line 1: exceeded max depth of 1000",
    });
  });

  it("reads a plain list of ten thousand items", () => {
    const node = readYamlNodes(Buffer.from("- a\n".repeat(10_000)));
    expect(node?.content.length).toBe(10_000);
    expect(node?.content.at(-1)).toMatchObject({ line: 10_000, column: 3 });
  });
});
