import { execFileSync, spawn } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type FakeEntry,
  type FakeLayer,
  gzipLayer,
  imageOf,
  plainLayer,
  tarOf,
  writeLayout,
} from "../fakes/oci-image.ts";
import { requireTool } from "../tools.ts";

const folder = mkdtempSync(join(tmpdir(), "igneous-kill-"));
const layout = join(folder, "layout");
const runner = ["--import", "tsx", join(import.meta.dirname, "import-runner.ts")] as const;

/** Bytes that do not compress, quickly. */
function noise(size: number, seed: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(size));
}

beforeAll(async () => {
  const layers: FakeLayer[] = [];
  for (const seed of [1, 2, 3]) {
    const small = Array.from({ length: 700 }, (_, index) => ({
      name: `s${seed}/${index}`,
      content: noise(3000, (seed * 50 + index) % 251),
    }));
    const entries: readonly FakeEntry[] = [
      { name: `big${seed}`, content: noise(90_000_000, seed) },
      ...small,
    ];
    const tar = await tarOf(entries);
    layers.push(seed === 2 ? gzipLayer(tar) : plainLayer(tar));
  }
  await writeLayout(layout, { v1: imageOf(layers) });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs an import; kills it after so many lines of progress. Tells what it printed and how many lines there were. */
function runImport(
  repo: string,
  killAfter: number,
): Promise<{ readonly result: string | undefined; readonly lines: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...runner, repo, `oci:${layout}:v1`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      // Now and then a little later, to hit what comes after the last line.
      const delay = Math.random() < 0.3 ? Math.random() * 150 : 0;
      if (text.split("\n").length > killAfter) setTimeout(() => child.kill("SIGKILL"), delay);
    });
    child.on("error", reject);
    child.on("close", () => {
      const lines = text.trimEnd().split("\n");
      resolve({ result: lines.find((line) => line.startsWith("[")), lines: lines.length });
    });
  });
}

function ostree(repo: string, ...argv: readonly string[]): string {
  return execFileSync(requireTool("ostree"), [`--repo=${repo}`, ...argv], { encoding: "utf8" });
}

describe("an import of several hundred megabytes", () => {
  it("loses nothing when it is killed at fifty moments, and ends in the same commits", async () => {
    const clean = await runImport(join(folder, "clean"), Number.POSITIVE_INFINITY);
    expect(clean.result).toBeDefined();
    const repo = join(folder, "repo");
    // What a kill leaves does not depend on when the disk is written, and waiting for it fifty times takes long.
    const begin = (): void => {
      rmSync(repo, { recursive: true, force: true });
      execFileSync(requireTool("ostree"), ["init", `--repo=${repo}`, "--mode=archive"]);
      ostree(repo, "config", "set", "core.fsync", "false");
    };
    begin();
    for (let kills = 1; kills <= 50; kills++) {
      const { result } = await runImport(repo, Math.floor(Math.random() * clean.lines));
      expect(result ?? clean.result).toBe(clean.result);
      // Refs may be there when the kill came between them; then what they name is whole.
      if (ostree(repo, "refs").trim() !== "") expect(ostree(repo, "fsck")).toContain("no errors");
      if (kills % 10 !== 0) continue;
      // Every tenth time to the end and then from nothing again, so that each part of an import is hit.
      expect((await runImport(repo, Number.POSITIVE_INFINITY)).result).toBe(clean.result);
      expect(ostree(repo, "fsck")).toContain("no errors");
      if (kills < 50) begin();
    }
    expect(readdirSync(join(repo, "tmp")).filter((name) => name.startsWith("igneous-"))).toEqual([]);
  });
});
