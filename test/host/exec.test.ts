import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { IgneousError } from "../../src/core/errors.ts";
import { run, start } from "../../src/host/exec.ts";
import { testContext } from "../tools.ts";

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 200 && alive(pid); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  return !alive(pid);
}

describe("run", () => {
  it("passes arguments as they are, without a shell reading them", async () => {
    const odd = "a b'c\"d$HOME`id`;*\n\\";
    expect((await run(testContext(), ["printf", "%s", odd])).stdout).toBe(odd);
  });

  it("fails with the status and the last lines of the program", async () => {
    const failure = run(testContext(), ["sh", "-c", "echo why >&2; exit 3"]);
    await expect(failure).rejects.toMatchObject({
      code: "tool-failed",
      message: expect.stringMatching(/status 3.*\nwhy/su),
    });
  });

  it("names a program that is not installed", async () => {
    await expect(run(testContext(), ["no-such-program-igneous"])).rejects.toMatchObject({
      code: "tool-missing",
    });
  });
});

describe("run with input", () => {
  it("gives the program its input and returns what it printed", async () => {
    const { stdout, exit } = await run(testContext(), ["tr", "a-z", "A-Z"], { input: "through" });
    expect({ stdout, exit }).toEqual({ stdout: "THROUGH", exit: 0 });
  });

  it("outlives a program that ends before it has read its input", async () => {
    const input = "x".repeat(1 << 20);
    const { exit } = await run(testContext(), ["sh", "-c", "exec <&-; exit 3"], { input, okExits: [3] });
    expect(exit).toBe(3);
    await expect(run(testContext(), ["sh", "-c", "exit 4"], { input })).rejects.toMatchObject({
      code: "tool-failed",
    });
  });

  it("lets an exit status through that is expected, even one that a missing program would give", async () => {
    const { exit } = await run(testContext(), ["sh", "-c", "exit 127"], { input: "", okExits: [127] });
    expect(exit).toBe(127);
  });
});

describe("start", () => {
  it("keeps what a program wrote until somebody reads it, even after its end", async () => {
    const echo = start(testContext(), ["echo", "early"]);
    await new Promise((resolve) => echo.child.once("exit", resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await text(echo.stdout)).toBe("early\n");
    expect(await echo.done).toBe(0);
  });

  it("streams stdin to stdout", async () => {
    const cat = start(testContext(), ["cat"]);
    cat.stdin.end("through");
    expect(await text(cat.stdout)).toBe("through");
    expect(await cat.done).toBe(0);
  });

  it("names a program that is not installed", async () => {
    await expect(start(testContext(), ["no-such-program-igneous"]).done).rejects.toMatchObject({
      code: "tool-missing",
    });
  });

  it("kills the program and its children when the context is aborted", async () => {
    const stop = new AbortController();
    const context = { ...testContext(), signal: stop.signal };
    const shell = start(context, ["sh", "-c", "sleep 1000 & echo $!; wait"]);
    const pid = Number(await new Promise((resolve) => shell.stdout.once("data", resolve)));
    stop.abort(new IgneousError("interrupted", "stopped"));
    await expect(shell.done).rejects.toMatchObject({ code: "interrupted" });
    expect(await gone(pid)).toBe(true);
  });

  it("turns a full disk under the program into its own error", async () => {
    const failing = start(testContext(), ["sh", "-c", "echo x > /dev/full"]);
    await expect(failing.done).rejects.toMatchObject({ code: "tool-failed" });
    const dd = start(testContext(), ["dd", "if=/dev/zero", "of=/dev/full", "bs=1", "count=1"]);
    await expect(dd.done).rejects.toMatchObject({ code: "disk-full" });
  });
});
