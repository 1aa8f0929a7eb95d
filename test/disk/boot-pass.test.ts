import { describe, expect, it } from "vitest";
import { checkUntil } from "../../src/disk/boot-pass.ts";
import { testContext } from "../tools.ts";

/** A machine that answers with these texts, one after another, and then for ever with the last. */
function machine(answers: readonly string[]): {
  readonly run: () => Promise<{ stdout: string; stderr: string; exit: number }>;
  readonly asked: () => number;
} {
  let asked = 0;
  const run = () => {
    const stdout = answers[Math.min(asked++, answers.length - 1)] ?? "";
    return Promise.resolve({ stdout, stderr: "", exit: 0 });
  };
  return { run, asked: () => asked };
}

const check = { name: "says-yes", command: "say", expect: { contains: "yes" } };

describe("checkUntil", () => {
  it("reports a wrong answer at once when the check does not wait for a service", async () => {
    const guest = machine(["no", "yes"]);
    const time = { limitMs: 600_000, waitMs: 0 };
    const result = await checkUntil(testContext(), guest, "first", check, time);
    expect(result).toMatchObject({ passed: false, evidence: "no", wanted: "an output that contains 'yes'" });
    expect(guest.asked()).toBe(1);
  });

  it("asks a service again until it answers as it should", async () => {
    const guest = machine(["no", "yes"]);
    const time = { limitMs: 600_000, waitMs: 600_000 };
    const result = await checkUntil(testContext(), guest, "first", check, time);
    expect(result).toMatchObject({ passed: true, evidence: "yes" });
    expect(guest.asked()).toBe(2);
  });
});
