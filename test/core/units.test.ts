import { describe, expect, it } from "vitest";
import { findBytes, formatBytes, formatDuration, formatSpan } from "../../src/core/units.ts";

describe("units", () => {
  it("writes sizes with three digits at most", () => {
    expect([0, 999, 1000, 48_100_000, 134e6, 8.59e9].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "48.1 MB",
      "134 MB",
      "8.6 GB",
    ]);
  });

  it("tells planned times without false precision", () => {
    expect([0, 45, 600, 7200, 7500, 346_800].map(formatSpan)).toEqual([
      "0 s",
      "45 s",
      "10 min",
      "2 h",
      "2 h 05 min",
      "4 days",
    ]);
  });

  it("writes durations as people say them", () => {
    expect([320, 12_400, 119_900, 185_000].map(formatDuration)).toEqual([
      "0.32 s",
      "12.4 s",
      "119.9 s",
      "3 min 05 s",
    ]);
  });

  it("reads sizes of both scales and nothing else", () => {
    expect(findBytes("8GiB")).toBe(8 * 2 ** 30);
    expect(findBytes("500 MB")).toBe(500_000_000);
    for (const text of ["8", "8 gib", "-1GB", "1e3GB", ""]) expect(findBytes(text)).toBeUndefined();
  });
});
