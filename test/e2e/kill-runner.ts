/**
 * Runs the program inside a process namespace of its own, ends it at a moment, and tells what it left running there.
 * Usage: kill-runner.ts SIGNAL DELAY_MS TEXT PROGRAM WORD…: the moment is DELAY_MS after a line of news with TEXT.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [signal = "SIGKILL", delay = "0", text = "", program = "", ...words] = process.argv.slice(2);
const child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "ignore", "pipe"] });
const lines: string[] = [];
let reached = false;
createInterface({ input: child.stderr }).on("line", (line) => {
  lines.push(line);
  if (reached || !line.includes(text)) return;
  reached = true;
  setTimeout(() => child.kill(signal as NodeJS.Signals), Number(delay));
});
const [exit, by] = await new Promise<readonly [number | null, string | null]>((done) =>
  child.on("close", (code, how) => done([code, how])),
);
let left = running();
for (let waited = 0; left.length > 0 && waited < 10_000; waited += 200) {
  await new Promise((done) => setTimeout(done, 200));
  left = running();
}
console.log(JSON.stringify({ reached, exit, by, left, last: lines.slice(-3) }));
process.exit(0);

/** The command lines of all processes of this namespace but this one and what compiles it. Nobody collects the dead here. */
function running(): readonly string[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid);
  return numbers.flatMap((number) => {
    try {
      const state = /\) (\S)/u.exec(readFileSync(`/proc/${number}/stat`, "utf8"))?.[1];
      const command = readFileSync(`/proc/${number}/cmdline`, "utf8").replaceAll("\0", " ");
      return state === "Z" || command.includes("/esbuild --service") ? [] : [command];
    } catch {
      return [];
    }
  });
}
