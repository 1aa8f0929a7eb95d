import { describe, expect, it } from "vitest";
import { IgneousError } from "../../src/core/errors.ts";
import { renderReport } from "../../src/core/report.ts";
import { formatLock } from "../../src/lock/format.ts";
import { parseLock } from "../../src/lock/parse.ts";
import { sampleLock } from "./sample-lock.ts";

const text = formatLock(sampleLock);

function refusal(source: string): string {
  try {
    parseLock("images.lock.json", source);
  } catch (error) {
    if (error instanceof IgneousError && error.code === "lock-invalid" && error.report !== undefined) {
      return renderReport(error.report);
    }
    throw error;
  }
  throw new Error("the lock was accepted");
}

describe("parseLock", () => {
  it("reads back what formatLock wrote", () => {
    const { schemaVersion, checksum, ...content } = parseLock("images.lock.json", text);
    expect(schemaVersion).toBe(1);
    expect(checksum).toMatch(/^sha256:/u);
    expect(formatLock(content)).toBe(text);
  });

  it("writes schemaVersion first and one line for each package", () => {
    expect(text.split("\n")[1]).toBe('  "schemaVersion": 1,');
    expect(text.split("\n").filter((line) => line.includes("libc6_2.41"))).toHaveLength(1);
  });

  it("gives the same text whatever the order of keys in memory", () => {
    const reversed = Object.fromEntries(Object.entries(sampleLock).toReversed()) as typeof sampleLock;
    expect(formatLock(reversed)).toBe(text);
  });

  it("names the line of a git conflict marker", () => {
    const lines = text.split("\n");
    lines.splice(4, 0, "<<<<<<< HEAD");
    expect(refusal(lines.join("\n"))).toContain("images.lock.json:5:1: error: git conflict marker");
  });

  it("refuses a newer schema at its line", () => {
    expect(refusal(text.replace('"schemaVersion": 1', '"schemaVersion": 2'))).toContain(
      "images.lock.json:2:20: error: schemaVersion 2 is newer than 1",
    );
  });

  it("refuses a value that was edited by hand", () => {
    const edited = refusal(text.replace("2.41-12", "2.41-13"));
    expect(edited).toContain("images.lock.json:3:15: error: the content below does not have this checksum");
  });

  it("refuses other white space than igneous writes, at its line and column", () => {
    const edited = refusal(text.replace('"name": "mainnet-node"', '"name":  "mainnet-node"'));
    expect(edited).toMatch(/images\.lock\.json:\d+:11: error: not as igneous writes it/u);
  });

  it("refuses a key it does not know, at its line", () => {
    expect(refusal(text.replace('"suite"', '"suit"'))).toMatch(
      /images\.lock\.json:\d+:\d+: error: base: unknown key 'suit'/u,
    );
  });

  it("refuses a torn file with the place where it ends, and nothing else", () => {
    for (const length of [1, 300, text.length - 3]) {
      const torn = refusal(text.slice(0, length));
      expect(torn).toMatch(
        /^images\.lock\.json:\d+:\d+: error: the file ends in the middle: it was cut off/u,
      );
      expect(torn.match(/error:/gu)).toHaveLength(1);
    }
  });

  it("has one error for what is no JSON", () => {
    const twice = refusal(text.replace('"schemaVersion": 1,', '"schemaVersion": 1 1,,'));
    expect(twice.match(/error:/gu)).toHaveLength(1);
    expect(twice).toMatch(/^images\.lock\.json:2:/u);
  });

  it("never advises to begin a new lock, which would lose the builds", () => {
    const hintOf = (source: string): string | undefined => {
      try {
        parseLock("images.lock.json", source);
      } catch (error) {
        if (error instanceof IgneousError) return error.hint;
      }
      return undefined;
    };
    expect(hintOf(text.slice(0, 300))).toMatch(/git checkout HEAD -- images\.lock\.json.*AMIs/u);
    expect(hintOf(text.replace("2.41-12", "2.41-13"))).toContain("git checkout HEAD");
    expect(hintOf(`<<<<<<< HEAD\n${text}`)).toContain("igneous lock --merge theirs.json");
  });
});
