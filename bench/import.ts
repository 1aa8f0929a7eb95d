/**
 * `npm run bench`: cold imports beside their floor and their peers, from one local registry, each case on a new file
 * system. Best of two each (`BENCH_RUNS`); an argument chooses the cases whose name has it. The last two columns say how many times as long as ours each of them takes.
 * Needs root, for the file system and for podman and umoci to keep owners.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Case, writeCases } from "./cases.ts";
import { settle, withNewDisk } from "./disk.ts";
import { bestOf, type Measured, measure, measureAll } from "./measure.ts";
import { podmanPull, skopeoAndUmoci, ostreeCommit } from "./peers.ts";

const runs = Number(process.env["BENCH_RUNS"] ?? 2);
const folder = mkdtempSync(join(tmpdir(), "igneous-bench-"));
const disk = join(folder, "disk");
const port = 5000 + (process.pid % 1000);
const igneous = join(import.meta.dirname, "..", "dist", "main.js");
const floor = join(folder, "floor.js");

function report(name: string, measured: Measured, ours: Measured): void {
  const figures = [measured.wall, measured.cpu].map((seconds) => seconds.toFixed(2).padStart(8));
  const ratios = [measured.wall / ours.wall, measured.cpu / ours.cpu].map((ratio) =>
    ratio.toFixed(2).padStart(8),
  );
  console.log(
    `  ${name.padEnd(52)}${figures.join("")}${measured.peak.toFixed(0).padStart(9)}${ratios.join("")}`,
  );
}

/** Nobody is to pay for what the one before left. */
function bestSettled(body: (run: number) => Measured): Measured {
  return bestOf(runs, body, () => settle(join(folder, "scratch")));
}

function runCase({ name, images }: Case): void {
  console.log(`\n${name}\n  ${"".padEnd(52)}  wall s   cpu s  peak MB  wall/us  cpu/us`);
  const at = (what: string, run: number): string => join(disk, `${what}-${run}`);
  const references = images.map(({ repository }) => `localhost:${port}/${repository}:v1`);
  const layouts = images.map(({ layout }) => layout);
  const importOf = (repo: string, from: readonly string[], cache: string): Measured =>
    measure([process.execPath, igneous, "import", "--quiet", "--repo", repo, ...from], {
      XDG_CACHE_HOME: cache,
    });
  const ours = bestSettled((run) => importOf(at("repo", run), references, at("cache", run)));
  report("igneous import, from the registry", ours, ours);
  const unsynced = (run: number): Measured => {
    const repo = at("unsynced", run);
    execFileSync("ostree", ["init", `--repo=${repo}`, "--mode=archive"]);
    execFileSync("ostree", ["config", `--repo=${repo}`, "set", "core.fsync", "false"]);
    return importOf(repo, references, at("unsynced-cache", run));
  };
  report("… that does not wait for the disk, as the peers", bestSettled(unsynced), ours);
  report(
    "… nothing changed",
    bestSettled(() => importOf(at("repo", 0), references, at("cache", 0))),
    ours,
  );
  const local = layouts.map((layout) => `oci:${layout}`);
  report(
    "igneous import, from layouts",
    bestSettled((run) => importOf(at("local", run), local, at("local-cache", run))),
    ours,
  );
  for (const [mode, what] of [
    ["stream", "one file a layer"],
    ["files", "each file"],
  ] as const) {
    const argv = (run: number) => [process.execPath, floor, mode, at(`floor-${mode}`, run), ...layouts];
    report(
      `floor: sha256, inflate, sha256, write ${what}`,
      bestSettled((run) => measure(argv(run))),
      ours,
    );
  }
  const synced = [["sync", "-f", disk]];
  for (const [what, commands] of [
    ["podman pull", (run: number) => podmanPull(at("podman", run), references)],
    ["skopeo copy + umoci unpack", (run: number) => skopeoAndUmoci(at("unpacked", run), references)],
  ] as const) {
    report(
      what,
      bestSettled((run) => measureAll(commands(run))),
      ours,
    );
    report(
      "… that waits for the disk, as ours",
      bestSettled((run) => measureAll([...commands(runs + run), ...synced])),
      ours,
    );
  }
  report(
    "ostree commit --tree=tar alone, of unpacked trees",
    bestSettled((run) => measureAll(ostreeCommit(at("theirs", run), at("unpacked", run), references.length))),
    ours,
  );
}

async function withRegistry(body: () => Promise<void>): Promise<void> {
  const config = {
    version: "0.1",
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(folder, "registry") } },
    http: { addr: `127.0.0.1:${port}` },
  };
  writeFileSync(join(folder, "registry.yml"), JSON.stringify(config));
  const registry = spawn("docker-registry", ["serve", join(folder, "registry.yml")], { stdio: "ignore" });
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await body();
  } finally {
    registry.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function compileFloor(): void {
  const source = join(import.meta.dirname, "floor.ts");
  const options = ["--ignoreConfig", "--module", "esnext", "--moduleResolution", "bundler"];
  const more = ["--target", "es2022", "--types", "node", "--skipLibCheck", "--outDir", folder];
  execFileSync("npx", ["tsc", source, ...options, ...more]);
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
}

await withRegistry(async () => {
  compileFloor();
  for (const one of await writeCases(folder)) {
    if (!one.name.includes(process.argv[2] ?? "")) continue;
    for (const { layout, repository } of one.images) {
      const argv = ["--insecure-policy", "copy", "-q", "--dest-tls-verify=false", `oci:${layout}`];
      execFileSync("skopeo", [...argv, `docker://localhost:${port}/${repository}:v1`]);
    }
    execFileSync("sync");
    await withNewDisk(disk, async () => runCase(one));
  }
});
