import { describe, expect, it } from "vitest";
import { healthFile } from "../../src/containers/health-file.ts";

describe("healthFile", () => {
  it("says how often and how long, and has defaults", () => {
    expect(healthFile({}).contents).toBe("IGNEOUS_TRIES=3\nIGNEOUS_HEALTH_SECONDS=600\n");
    expect(healthFile({ tries: 1, seconds: 90 }).contents).toBe(
      "IGNEOUS_TRIES=1\nIGNEOUS_HEALTH_SECONDS=90\n",
    );
  });
});
