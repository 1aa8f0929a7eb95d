import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";

/**
 * Runs `body` while holding an exclusive lock of the file at `path` (flock(2), so that it vanishes with its holder,
 * even after kill -9). When another process has it: waits up to `waitMs`, then refuses with `lock-held` and its holder.
 */
export async function withProcessLock<T>(
  context: Context,
  path: string,
  waitMs: number,
  body: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const wait = ["--wait", String(waitMs / 1000), "--conflict-exit-code", "75"];
  const holder = spawn("flock", [...wait, path, "sh", "-c", "echo held; cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const closed = new Promise<number>((resolve) => holder.on("close", (exit) => resolve(exit ?? -1)));
  const held = new Promise<true>((resolve) => holder.stdout.once("data", () => resolve(true)));
  const stop = (): void => void holder.stdin.end();
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    if ((await Promise.race([held, closed])) !== true) throw await heldBy(path);
    await writeFile(path, `${process.pid}\n`);
    return await body();
  } finally {
    context.signal.removeEventListener("abort", stop);
    stop();
    await closed;
  }
}

async function heldBy(path: string): Promise<IgneousError> {
  const pid = (await readFile(path, "utf8")).trim();
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const who = pid === "" ? "another process" : `process ${pid} (${command.replaceAll("\0", " ").trim()})`;
  return new IgneousError("lock-held", `${path} is held by ${who}`, {
    hint: "wait for it to end, then run the same command again",
  });
}
