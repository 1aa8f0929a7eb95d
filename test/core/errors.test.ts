import { describe, expect, it } from "vitest";
import { IgneousError } from "../../src/core/errors.ts";

describe("an IgneousError", () => {
  it("says what to do next also where whoever throws it does not", () => {
    expect(new IgneousError("registry-failed", "x").hint).toContain("run the same command again");
    expect(new IgneousError("registry-failed", "x", { hint: "wait" }).hint).toBe("wait");
  });
});
