/**
 * `npm run bench:bake`: a cold bake of the sample project, one with nothing changed, one with one image changed, each beside
 * its floor; without the boot check, whose time is the emulator's. Debian's packages are in the cache already, as after
 * any earlier bake. The floor is what the programs that nobody can leave out take alone, one after another: dpkg and dracut for
 * the base, sha256 and inflate for the images, one sparse copy and one sha256 for the disk.
 * Needs the sample images (scripts/sample-images.sh). `BENCH_RUNS`: best of so many, 2 when not given.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BakeResult } from "../src/commands/bake-result.ts";
import { best, type Measured, measure } from "./measure.ts";

const runs = Number(process.env["BENCH_RUNS"] ?? 2);
const repository = join(import.meta.dirname, "..");
const igneous = join(repository, "dist/main.js");
mkdirSync(join(repository, ".igneous"), { recursive: true });
const folder = mkdtempSync(join(repository, ".igneous/bench-"));
const project = join(folder, "project");
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const clear = (...names: readonly string[]): void =>
  names.forEach((name) => rmSync(at(name), { recursive: true, force: true }));

/** A project with nothing baked, and a cache that has the packages and the tools. */
function prepare(): void {
  clear("project");
  for (const name of ["igneous.yaml", "images.lock.json", "butane", ".igneous/images"])
    cpSync(join(repository, name), join(project, name), { recursive: true });
}

/** What igneous itself held at most: the largest process of a bake is another program. */
const peakFile = at("peak");
const peakHook = `data:text/javascript,${encodeURIComponent(
  `import { writeFileSync } from "node:fs"; process.on("exit", () => writeFileSync(${JSON.stringify(peakFile)}, String(process.resourceUsage().maxRSS)));`,
)}`;

function bake(): Measured {
  const argv = [process.execPath, "--import", peakHook, igneous, "bake", "--no-boot-test", "--quiet"];
  const measured = measure([...argv, "--project", project]);
  return { ...measured, peak: Number(readFileSync(peakFile, "utf8")) / 1000 };
}

function result(): BakeResult {
  const argv = [igneous, "bake", "--no-boot-test", "--quiet", "--json", "--project", project];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: "utf8" })) as BakeResult;
}

/** Gives etcd's image a layer of 20 MB more, and resolves it again. */
function changeImage(count: number): void {
  const layout = join(project, ".igneous/images/etcd");
  const read = (path: string): string => readFileSync(path, "utf8");
  const tag = (JSON.parse(read(join(layout, "index.json"))) as Index).manifests[0]?.annotations?.[
    "org.opencontainers.image.ref.name"
  ];
  const image = `${layout}:${tag ?? ""}`;
  const file = at("file");
  writeFileSync(file, randomBytes(20_000_000));
  execFileSync("umoci", ["insert", "--image", image, file, `/usr/share/bench-${count}`]);
  execFileSync(process.execPath, [igneous, "lock", "--update", "etcd", "--quiet", "--project", project]);
}

interface Index {
  readonly manifests: readonly { readonly annotations?: Readonly<Record<string, string>> }[];
}

function script(name: string, ...words: readonly string[]): readonly string[] {
  return [process.execPath, "--import", "tsx", join(import.meta.dirname, name), ...words];
}

function copyAndHash(disk: string): Measured {
  const copy = at("copy.img");
  return measure(["sh", "-c", `cp --sparse=always '${disk}' '${copy}'; sha256sum '${copy}'`]);
}

function sum(parts: readonly Measured[]): Measured {
  const add = (of: (part: Measured) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return { wall: add(({ wall }) => wall), cpu: add(({ cpu }) => cpu), peak: 0 };
}

function report(name: string, { wall, cpu, peak }: Measured): void {
  const memory = peak === 0 ? "" : peak.toFixed(0);
  console.log(
    `| ${name.padEnd(58)} | ${wall.toFixed(2).padStart(7)} | ${cpu.toFixed(2).padStart(7)} | ${memory.padStart(7)} |`,
  );
}

try {
  console.log(`| ${"".padEnd(58)} |  wall s |   cpu s | peak MB |`);
  report("cold bake", best(runs, prepare, bake));
  const { disk } = result();
  const images = join(project, ".igneous/images");
  const layouts = readdirSync(images, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("/oci-layout"))
    .map((path) => join(images, dirname(path)));
  const none = (): void => undefined;
  const base = best(
    runs,
    () => clear("scratch"),
    () => measure(script("compose-floor.ts", project, at("scratch"))),
  );
  const read = best(runs, none, () => measure(script("floor.ts", at("floor"), ...layouts)));
  const copied = best(runs, none, () => copyAndHash(disk.path));
  report("floor: dpkg and dracut; images read; disk copied and read", sum([base, read, copied]));
  report("nothing changed", best(runs, none, bake));
  report(
    "floor: node itself",
    best(runs, none, () => measure([process.execPath, "-e", "0"])),
  );
  let count = 0;
  report(
    "one image changed",
    best(runs, () => changeImage(++count), bake),
  );
  const one = best(runs, none, () =>
    measure(script("floor.ts", at("floor"), join(project, ".igneous/images/etcd"))),
  );
  report(
    "floor: that image read; disk copied and read",
    sum([one, best(1, none, () => copyAndHash(disk.path))]),
  );
} finally {
  writeFileSync(peakFile, "");
  rmSync(folder, { recursive: true, force: true });
}
