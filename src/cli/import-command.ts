import { InvalidArgumentError, type Command } from "commander";
import { resolve } from "node:path";
import { IgneousError } from "../core/errors.ts";
import { findBytes, formatBytes } from "../core/units.ts";
import { withOutputOptions } from "./command-options.ts";
import type { Io, OutputOptions } from "./io.ts";
import { runCommand } from "./run-command.ts";

interface ImportOptions extends OutputOptions {
  readonly repo?: string;
  readonly gc?: boolean;
  readonly dryRun?: boolean;
  readonly layerLimit?: number;
}

export function addImportCommand(program: Command, io: Io): void {
  const command = program
    .command("import")
    .argument("[refs...]", "images: oci:DIR[:TAG], or host[:port]/repo[:tag][@digest]")
    .summary("pull, verify and import images into an OSTree repo")
    .description(
      "Pulls images, checks every digest, and imports each layer on ociimage/layer/SHA256 and the composed tree on\n" +
        "ociimage/image/NAME. Refs appear only when all is complete. A repo that is not there is created.",
    )
    .option("--repo <dir>", "OSTree repo (bare, bare-user or archive); must be given")
    .option(
      "--layer-limit <size>",
      "what a layer may grow to, such as 8GiB; 1 GiB or 200 times its blob when not given",
      size,
    )
    .option("--gc", "remove the layers that no image needs, instead of importing")
    .option("--dry-run", "with --gc: only say what would be removed");
  withOutputOptions(command).action(async (references: string[], options: ImportOptions) => {
    await runCommand(io, options, async (context) => {
      const named = options.repo;
      if (named === undefined) {
        const what = options.gc === true ? "--gc" : references.join(" ") || "REF";
        throw new IgneousError("usage", "no OSTree repo was named", {
          hint: `say where the images go: igneous import ${what} --repo DIR (a bake has its own: .igneous/repo)`,
        });
      }
      const repo = resolve(io.cwd, named);
      const { importGc, importImages } = await import("../commands/import.ts");
      if (options.gc === true) {
        const result = await importGc(context, { repo, dryRun: options.dryRun === true });
        const { layers, objects, bytes } = result;
        const did = options.dryRun === true ? "would remove" : "removed";
        return {
          data: result,
          text: () => `${did} ${layers.length} layers, ${objects} objects, ${formatBytes(bytes)}\n`,
        };
      }
      const images = await importImages(context, {
        references,
        repo,
        sources: { folder: io.cwd },
        ...(options.layerLimit === undefined ? {} : { limits: { floor: options.layerLimit, ratio: 0 } }),
      });
      const lines = images.map(
        ({ reference, commit, manifestDigest }) => `${commit}  ${reference}  ${manifestDigest}\n`,
      );
      return { data: images, text: () => lines.join("") };
    });
  });
}

interface CacheOptions extends OutputOptions {
  readonly prune?: boolean;
  readonly keepDays: number;
}

export function addCacheCommand(program: Command, io: Io): void {
  const command = program
    .command("cache")
    .summary("show or prune the blobs that all specs share")
    .description(
      "Shows the verified blobs in the cache of this user, and what else bakes keep there; --prune removes old blobs.",
    )
    .option("--prune", "remove blobs")
    .option("--keep-days <days>", "with --prune: keep what is younger", wholeNumber, 30);
  withOutputOptions(command).action(async (options: CacheOptions) => {
    await runCommand(io, options, async (context) => {
      const { pruneBlobs, showCache, showCacheParts } = await import("../commands/cache.ts");
      const { keepDays } = options;
      const prune = options.prune === true;
      const result = prune
        ? await pruneBlobs(context, { keepDays, now: Date.now() })
        : await showCache(context);
      const parts = prune ? [] : await showCacheParts(context);
      const lines = result.blobs.map(({ digest, size }) => `${digest}  ${formatBytes(size)}\n`).join("");
      const total = `${prune ? "removed " : ""}${result.blobs.length} blobs, ${formatBytes(result.bytes)} in ${result.folder}\n`;
      const others = parts.map(
        ({ name, what, bytes }) => `${name.padEnd(8)} ${formatBytes(bytes).padStart(9)}  ${what}\n`,
      );
      return { data: { ...result, parts }, text: () => [lines, total, ...others].join("") };
    });
  });
}

function size(text: string): number {
  const bytes = findBytes(text);
  if (bytes === undefined || bytes === 0) throw new InvalidArgumentError("wanted a size, such as 8GiB");
  return bytes;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/u.test(text)) throw new InvalidArgumentError("wanted a whole number");
  return Number(text);
}
