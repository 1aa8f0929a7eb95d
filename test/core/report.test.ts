import { describe, expect, it } from "vitest";
import { positionAt, renderReport } from "../../src/core/report.ts";

describe("positionAt", () => {
  it("counts lines by any line end, and columns in characters", () => {
    expect(positionAt("a\r\nb\nc", 5)).toEqual({ line: 3, column: 1 });
    expect(positionAt("x: 🙂y", 5)).toEqual({ line: 1, column: 5 });
    expect(positionAt("", 0)).toEqual({ line: 1, column: 1 });
  });
});

describe("renderReport", () => {
  it("puts the caret under the place, behind the same tabs as the line", () => {
    const diagnostics = [
      {
        severity: "error" as const,
        message: "bad",
        position: { line: 2, column: 3 },
        path: "a.b",
        hint: "say c",
      },
    ];
    expect(renderReport({ file: "f.yaml", source: "one\n\t\tx\n", diagnostics })).toBe(
      "f.yaml:2:3: error: a.b: bad\n    2 | \t\tx\n      | \t\t^\n      = say c",
    );
  });

  it("names only the file when a problem has no place", () => {
    const diagnostics = [{ severity: "warning" as const, message: "empty" }];
    expect(renderReport({ file: "f.yaml", source: "", diagnostics })).toBe("f.yaml: warning: empty");
  });
});
