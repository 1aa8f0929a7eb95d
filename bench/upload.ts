import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { digestDisk, writeBlockMap } from "../src/aws/block-map.ts";
import { planUpload } from "../src/aws/upload-plan.ts";
import { hostContext } from "../src/host/context.ts";
import { bestOf, type Measured, measure } from "./measure.ts";

/**
 * `npx tsx bench/upload.ts [DISK [PREDECESSOR]]` (by itself: the newest builds of images.lock.json that lie here): uploads a
 * disk to an endpoint on this machine that takes blocks and forgets them, and does the same with `coldsnap` when that is on
 * PATH. With the predecessor's disk, tells how many blocks of the second build travel. `BENCH_RUNS`: best of so many, 3.
 */
const runs = Number(process.env["BENCH_RUNS"] ?? 3);
const given = process.argv.slice(2);
const [disk, predecessor] = given.length > 0 ? given : bakedDisks();
if (disk === undefined) {
  process.stdout.write("upload      no disk is baked here; run: igneous bake\n");
  process.exit(0);
}

function bakedDisks(): readonly string[] {
  const { builds } = JSON.parse(readFileSync("images.lock.json", "utf8")) as { builds: { id: string }[] };
  const disks = builds.map(({ id }) => join(".igneous/builds", id.slice(7, 19), "disk.img"));
  return disks.filter((path) => existsSync(path));
}

const server = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "block-sink.ts")], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: server.stdout });
const endpoint: string = await new Promise((resolve) => lines.once("line", resolve));
const env = {
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: "AKIAFAKE",
  AWS_SECRET_ACCESS_KEY: "fake",
  AWS_REGION: "us-east-1",
  NODE_NO_WARNINGS: "1",
};
const folder = await mkdtemp(join(tmpdir(), "igneous-bench-"));
const print = (text: string): void => void process.stdout.write(`${text}\n`);

function uploadOurs(): Measured {
  execFileSync("rm", ["-f", join(folder, "sent")]);
  const argv = ["--import", "tsx", join(import.meta.dirname, "upload-once.ts"), disk ?? "", folder];
  const output = execFileSync(process.execPath, argv, { encoding: "utf8", env: { ...process.env, ...env } });
  const [wall = 0, cpu = 0, peak = 0] = output.trim().split(" ").map(Number);
  return { wall, cpu, peak };
}

function report(name: string, { wall, cpu, peak }: Measured, ours?: Measured): void {
  const times =
    ours === undefined
      ? ""
      : `, ${(wall / ours.wall).toFixed(2)} × as long, ${(cpu / ours.cpu).toFixed(2)} × the CPU`;
  print(`${name.padEnd(32)} ${wall.toFixed(2)} s, ${cpu.toFixed(2)} s CPU, ${peak.toFixed(0)} MB${times}`);
}

try {
  const context = hostContext(() => undefined, new AbortController().signal);
  const map = await digestDisk(context, disk);
  await writeBlockMap(folder, map);
  const plan = planUpload(map);
  print(`blocks                           ${plan.total} total, ${plan.nonZero} non-zero`);
  if (predecessor !== undefined) {
    const { changed } = planUpload(map, await digestDisk(context, predecessor));
    const share = ((changed / plan.nonZero) * 100).toFixed(1);
    print(`delta                            ${changed} changed and sent, ${share} % of the non-zero ones`);
  }
  const ours = bestOf(runs, uploadOurs);
  report("igneous", ours);
  for (const flags of [[], ["--omit-zero-blocks"]]) {
    const name = ["coldsnap", ...flags].join(" ");
    const argv = [
      "coldsnap",
      "--endpoint",
      endpoint,
      "--region",
      "us-east-1",
      "upload",
      ...flags,
      "--no-progress",
      disk,
    ];
    try {
      report(
        name,
        bestOf(runs, () => measure(argv, env)),
        ours,
      );
    } catch (error) {
      print(
        `${name.padEnd(32)} not run: ${error instanceof Error ? (error.message.trim().split("\n").at(-1) ?? "") : ""}`,
      );
    }
  }
} finally {
  server.stdin.end();
  await rm(folder, { recursive: true, force: true });
}
