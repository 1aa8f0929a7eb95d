/**
 * `igneous butane` on configs of half a megabyte, as a whole process, beside the floor (`node` that does nothing) and, where
 * there is one, the real `butane`. Best of five each (`BENCH_RUNS`). Needs nothing but a build.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shapes } from "./butane-shapes.ts";
import { bestOf, type Measured, measure } from "./measure.ts";

const runs = Number(process.env["BENCH_RUNS"] ?? 5);
const folder = mkdtempSync(join(tmpdir(), "igneous-bench-"));
const igneous = join(import.meta.dirname, "..", "dist", "main.js");
const hasButane = spawnSync("butane", ["--version"]).status === 0;

function report(name: string, measured: Measured, beside = ""): void {
  const { wall, cpu, peak } = measured;
  console.log(
    `  ${name.padEnd(24)}${wall.toFixed(2).padStart(8)}${cpu.toFixed(2).padStart(8)}${peak.toFixed(0).padStart(9)}${beside}`,
  );
}

/** A translation of a config that may be wrong: what counts is that it ends, and when. */
function translation(program: readonly string[], file: string): Measured {
  return bestOf(runs, () =>
    measure(["sh", "-c", 'file=$1; shift; "$@" "$file" >/dev/null 2>&1 || true', "sh", file, ...program]),
  );
}

try {
  const last = hasButane ? "  butane s" : "";
  console.log(`butane, 500 kB\n  ${"".padEnd(24)}  wall s   cpu s  peak MB${last}`);
  report(
    "floor: node -e 0",
    bestOf(runs, () => measure([process.execPath, "-e", "0"])),
  );
  for (const [name, make] of Object.entries(shapes)) {
    const file = join(folder, "config.bu");
    writeFileSync(file, make());
    const theirs = hasButane ? translation(["butane"], file).wall.toFixed(2).padStart(10) : "";
    report(name, translation([process.execPath, igneous, "butane"], file), theirs);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
