/**
 * `npm run bench`: cold imports beside their floor and their peers, from one local registry. Best of three each
 * (`BENCH_RUNS`). The last two columns say how many times as long as ours each of them takes.
 * Needs root for podman and umoci to keep owners. `BENCH_IMAGES` names a folder of OCI layouts, else .igneous/images.
 */
import { execFileSync, spawn } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipLayer, imageOf, tarOf, writeLayout } from "../test/fakes/oci-image.ts";
import { best, type Measured, measure } from "./measure.ts";

const runs = Number(process.env["BENCH_RUNS"] ?? 3);
const folder = mkdtempSync(join(tmpdir(), "igneous-bench-"));
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const clear = (...names: readonly string[]): void =>
  names.forEach((name) => rmSync(at(name), { recursive: true, force: true }));
const port = 5000 + (process.pid % 1000);
const igneous = join(import.meta.dirname, "..", "dist", "main.js");

interface Case {
  readonly name: string;
  /** OCI layouts with one image each, and the name of their repository in the registry. */
  readonly images: readonly { readonly layout: string; readonly repository: string }[];
}

function random(size: number, seed: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** Half of the bytes compress, as programs do. */
function halfRandom(size: number, seed: number): Buffer {
  const data = random(size, seed);
  for (let start = 0; start < size; start += 8192) data.fill("text ", start, Math.min(size, start + 4096));
  return data;
}

async function cases(): Promise<readonly Case[]> {
  const large = Array.from({ length: 8 }, (_, index) => ({
    name: `large${index}`,
    content: halfRandom(100_000_000, index),
  }));
  await writeLayout(at("large"), { v1: imageOf([gzipLayer(await tarOf(large))]) });
  const small = Array.from({ length: 20_000 }, (_, index) => ({
    name: `d${index % 200}/f${index}`,
    content: halfRandom(2000 + (index % 5000), index % 251),
  }));
  await writeLayout(at("small"), { v1: imageOf([gzipLayer(await tarOf(small))]) });
  const one = (name: string) => [{ layout: at(name), repository: `bench/${name}` }];
  return [
    ...sampleCase(),
    { name: "one layer of 800 MB", images: one("large") },
    { name: "20,000 small files", images: one("small") },
  ];
}

function sampleCase(): readonly Case[] {
  const images = process.env["BENCH_IMAGES"] ?? ".igneous/images";
  if (!existsSync(images)) return [];
  const found = readdirSync(images, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith("oci-layout"),
  );
  const names = found.map((path) => path.replace(/\/?oci-layout$/u, "")).sort();
  for (const name of names) cpSync(join(images, name), at("samples", name), { recursive: true });
  return [
    {
      name: `${names.length} sample images`,
      images: names.map((name) => ({ layout: at("samples", name), repository: name })),
    },
  ];
}

function report(name: string, measured: Measured, ours: Measured): void {
  const figures = [measured.wall, measured.cpu].map((seconds) => seconds.toFixed(2).padStart(8));
  const ratios = [measured.wall / ours.wall, measured.cpu / ours.cpu].map((ratio) =>
    ratio.toFixed(2).padStart(8),
  );
  console.log(
    `  ${name.padEnd(44)}${figures.join("")}${measured.peak.toFixed(0).padStart(9)}${ratios.join("")}`,
  );
}

function runCase({ name, images }: Case): void {
  console.log(`\n${name}\n  ${"".padEnd(44)}  wall s   cpu s  peak MB  wall/us  cpu/us`);
  const env = { XDG_CACHE_HOME: at("cache") };
  const references = images.map(({ repository }) => `localhost:${port}/${repository}:v1`);
  const argv = [process.execPath, igneous, "import", "--quiet", "--repo", at("repo"), ...references];
  const ours = best(
    runs,
    () => clear("repo", "cache"),
    () => measure(argv, env),
  );
  report("igneous import, from the registry", ours, ours);
  report(
    "igneous import, nothing changed",
    best(
      runs,
      () => undefined,
      () => measure(argv, env),
    ),
    ours,
  );
  const layouts = images.map(({ layout }) => layout);
  const local = [
    process.execPath,
    igneous,
    "import",
    "--quiet",
    "--repo",
    at("repo"),
    ...layouts.map((layout) => `oci:${layout}`),
  ];
  const fromLayout = best(
    runs,
    () => clear("repo"),
    () => measure(local, env),
  );
  report("igneous import, from layouts", fromLayout, ours);
  const floor = best(
    runs,
    () => clear("floor"),
    () =>
      measure([
        process.execPath,
        "--import",
        "tsx",
        join(import.meta.dirname, "floor.ts"),
        at("floor"),
        ...layouts,
      ]),
  );
  report("floor: sha256, inflate, sha256, write", floor, ours);
  const podman = ["podman", "--root", at("podman"), "--runroot", at("podman-run")];
  const removePodman = (): void => {
    execFileSync(podman[0] ?? "", [...podman.slice(1), "rmi", "-af"], { stdio: "ignore" });
    clear("podman", "podman-run");
  };
  const pull = measureShell(
    references.map((reference) => [...podman, "pull", "-q", "--tls-verify=false", reference]),
  );
  report("podman pull", best(runs, removePodman, pull), ours);
  removePodman();
  const copied = (index: number): string => `${at("copied")}/${index}`;
  const unpack = measureShell(
    references.flatMap((reference, index) => [
      [
        "skopeo",
        "--insecure-policy",
        "copy",
        "-q",
        "--src-tls-verify=false",
        `docker://${reference}`,
        `oci:${copied(index)}:v1`,
      ],
      ["umoci", "raw", "unpack", "--image", `${copied(index)}:v1`, `${at("unpacked")}/${index}`],
    ]),
  );
  const prepare = (): void => {
    clear("copied", "unpacked");
    mkdirSync(at("copied"), { recursive: true });
    mkdirSync(at("unpacked"), { recursive: true });
  };
  report("skopeo copy + umoci unpack", best(runs, prepare, unpack), ours);
  const commits = references.map((_, index) => [
    "sh",
    "-c",
    `tar -C ${at("unpacked")}/${index} -cf - . | ostree commit --repo=${at("theirs")} -b i${index} --tree=tar=/dev/stdin --tar-autocreate-parents -s x`,
  ]);
  const initialise = (): void => {
    clear("theirs");
    execFileSync("ostree", ["init", `--repo=${at("theirs")}`, "--mode=bare-user"]);
  };
  report("ostree commit --tree=tar alone", best(runs, initialise, measureShell(commits)), ours);
  clear("copied", "unpacked", "theirs", "repo", "cache", "floor");
}

function measureShell(commands: readonly (readonly string[])[]): () => Measured {
  const quoted = commands.map((argv) => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" "));
  return () => measure(["sh", "-c", quoted.join(" && ")]);
}

async function withRegistry(body: () => Promise<void>): Promise<void> {
  const config = {
    version: "0.1",
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: at("registry") } },
    http: { addr: `127.0.0.1:${port}` },
  };
  writeFileSync(at("registry.yml"), JSON.stringify(config));
  const registry = spawn("docker-registry", ["serve", at("registry.yml")], { stdio: "ignore" });
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await body();
  } finally {
    registry.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

await withRegistry(async () => {
  for (const one of await cases()) {
    for (const { layout, repository } of one.images) {
      const argv = ["--insecure-policy", "copy", "-q", "--dest-tls-verify=false", `oci:${layout}`];
      execFileSync("skopeo", [...argv, `docker://localhost:${port}/${repository}:v1`]);
    }
    runCase(one);
  }
});
