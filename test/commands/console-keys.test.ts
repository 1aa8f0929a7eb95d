import { describe, expect, it } from "vitest";
import { splitKeys } from "../../src/commands/console-keys.ts";

describe("splitKeys", () => {
  it("hands on every key, Ctrl-C too, and keeps only Ctrl-] for itself", () => {
    const seen: string[] = [];
    const onBytes = splitKeys(
      (bytes) => seen.push(Buffer.from(bytes).toString("latin1")),
      () => seen.push("escape"),
    );
    onBytes(Buffer.from("ls\r\u0003"));
    onBytes(Buffer.from("a\u001d\u001db", "latin1"));
    expect(seen).toEqual(["ls\r\u0003", "a", "escape", "escape", "b"]);
  });
});
