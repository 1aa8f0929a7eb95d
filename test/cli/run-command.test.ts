import { describe, expect, it } from "vitest";
import type { Event } from "../../src/core/context.ts";
import { IgneousError } from "../../src/core/errors.ts";
import type { OutputOptions } from "../../src/cli/io.ts";
import { type CommandBody, runCommand } from "../../src/cli/run-command.ts";
import { type TestIo, testIo } from "./test-io.ts";

async function seen(options: OutputOptions, body: CommandBody, terminal = false): Promise<TestIo["seen"]> {
  const { io, seen: output } = testIo({ isTerminal: terminal });
  await runCommand(io, options, body);
  return output;
}

const news: readonly Event[] = [
  { type: "step-started", step: "pull", title: "pull images" },
  { type: "step-progress", step: "pull", done: 5e6, total: 1e7, unit: "bytes" },
  { type: "step-ended", step: "pull", outcome: "done", durationMs: 1234, note: "10 MB" },
  { type: "warning", message: "the mirror is slow", hint: "name another" },
];

const work: CommandBody = (context) => {
  for (const event of news) context.emit(event);
  return Promise.resolve({ data: { answer: 42 }, text: () => "the answer is 42\n" });
};

describe("runCommand", () => {
  it("prints the result on stdout and plain lines on stderr where there is no terminal", async () => {
    const { stdout, stderr, exit } = await seen({}, work);
    expect(stdout).toBe("the answer is 42\n");
    expect(stderr).toBe(
      "· pull images\n✓ pull images (10 MB) 1.23 s\nwarning the mirror is slow\n  next: name another\n",
    );
    expect(exit).toBe(0);
  });

  it("shows a live line on a terminal, and what has ended above it", async () => {
    const { stderr } = await seen({}, work, true);
    expect(stderr).toContain("pull images: 0.0");
    expect(stderr).toContain("✓ pull images (10 MB) 1.23 s\n");
  });

  it("prints JSON lines on stderr and one JSON document on stdout when asked", async () => {
    const { stdout, stderr } = await seen({ json: true }, work);
    expect(JSON.parse(stdout)).toEqual({ answer: 42 });
    const lines = stderr.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(news);
  });

  it("keeps only warnings when quiet", async () => {
    const { stderr } = await seen({ quiet: true }, work);
    expect(stderr).toBe("warning the mirror is slow\n  next: name another\n");
  });

  it("shows a failure with its lines, its hint and its exit status", async () => {
    const report = {
      file: "igneous.yaml",
      source: "name: Foo",
      diagnostics: [
        { severity: "error" as const, message: "wanted lower case", position: { line: 1, column: 7 } },
      ],
    };
    const failure = new IgneousError("input-invalid", "igneous.yaml has an error", {
      report,
      hint: "correct it",
    });
    const { stdout, stderr, exit } = await seen({}, () => Promise.reject(failure));
    expect(stdout).toBe("");
    expect(stderr).toBe(
      [
        "error [input-invalid] igneous.yaml has an error",
        "igneous.yaml:1:7: error: wanted lower case",
        "    1 | name: Foo",
        "      |       ^",
        "  next: correct it",
        "",
      ].join("\n"),
    );
    expect(exit).toBe(3);
  });

  it("calls anything else a bug, with its stack, and exits 70", async () => {
    const { stderr, exit } = await seen({}, () => Promise.reject(new TypeError("x is not a function")));
    expect(stderr).toContain("TypeError: x is not a function");
    expect(exit).toBe(70);
  });

  it("says that the disk is full when a write met ENOSPC", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const { stderr, exit } = await seen({ json: true }, () => Promise.reject(full));
    expect(JSON.parse(stderr)).toMatchObject({ type: "error", code: "disk-full", exitCode: 1 });
    expect(exit).toBe(1);
  });
});
