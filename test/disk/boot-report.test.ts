import { describe, expect, it } from "vitest";
import { type BootReport, findMismatch, renderFailures, shorten } from "../../src/disk/boot-report.ts";

describe("findMismatch", () => {
  it("a check without expectation wants exit status 0", () => {
    expect(findMismatch({ name: "a", command: "true" }, 0, "")).toBeUndefined();
    expect(findMismatch({ name: "a", command: "false" }, 1, "")).toBe("exit status 0, not 1");
  });

  it("all expectations must hold, patterns line by line", () => {
    const check = { name: "a", command: "x", expect: { exit: 2, contains: "health", matches: "^ok$" } };
    expect(findMismatch(check, 2, "health\nok\n")).toBeUndefined();
    expect(findMismatch(check, 0, "health\nok\n")).toContain("exit status 2");
    expect(findMismatch(check, 2, "ok")).toContain("'health'");
    expect(findMismatch(check, 2, "health\nnot ok")).toContain("/^ok$/");
  });
});

describe("renderFailures", () => {
  it("names boot, check, what was wanted and what the machine said", () => {
    const report: BootReport = {
      schemaVersion: 1,
      passed: false,
      accelerator: "tcg",
      slowness: 9,
      panics: 0,
      boots: [],
      checks: [
        { boot: "first", name: "running", passed: true, seconds: 1, evidence: "running" },
        {
          boot: "second",
          name: "geth",
          passed: false,
          seconds: 9,
          evidence: "refused\nagain",
          wanted: "a number",
        },
      ],
    };
    expect(renderFailures(report)).toBe(
      "second boot: geth: wanted a number; the machine said:\n    refused\n    again",
    );
  });

  it("keeps the end of a long output", () => {
    expect(shorten(`${"a".repeat(9000)}end\n`)).toMatch(/^…a+end$/u);
  });
});
