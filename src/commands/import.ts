import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { runStep } from "../core/step.ts";
import { parseReference } from "../oci/reference.ts";
import { type Platform, resolveImage } from "../oci/resolve.ts";
import { openSource, type SourceOptions } from "../oci/source.ts";
import { collectGarbage, type GarbageResult } from "../ostree/garbage.ts";
import { importImage } from "../ostree/import.ts";
import type { ImportedImage } from "../ostree/imported-image.ts";
import { openRepo, type Repo, type RepoMode } from "../ostree/repo.ts";

export interface ImportOptions {
  readonly references: readonly string[];
  readonly repo: string;
  /** Of a repo that has to be created. */
  readonly mode?: RepoMode;
  readonly platform?: Platform;
  readonly sources?: SourceOptions;
}

/** Pulls, verifies and imports images into an OSTree repo, which is created when it is not there. */
export async function importImages(
  context: Context,
  options: ImportOptions,
): Promise<readonly ImportedImage[]> {
  if (options.references.length === 0) {
    throw new IgneousError("usage", "no image was named", {
      hint: "run: igneous import oci:FOLDER:TAG --repo DIR",
    });
  }
  const references = options.references.map((text) => parseReference(text));
  const repo = await openRepo(
    context,
    options.repo,
    options.mode === undefined ? {} : { mode: options.mode },
  );
  const imported: ImportedImage[] = [];
  for (const reference of references) imported.push(await importOne(context, repo, reference, options));
  return imported;
}

async function importOne(
  context: Context,
  repo: Repo,
  reference: ReturnType<typeof parseReference>,
  { platform = "linux/amd64", sources = {} }: ImportOptions,
): Promise<ImportedImage> {
  const source = await openSource(context, reference, sources);
  const step = `import ${source.name}`;
  return runStep(context, step, step, async () => {
    const image = await resolveImage(source, reference, platform);
    let wasRead = false;
    const onProgress = (done: number, total: number): void => {
      wasRead = true;
      context.emit({ type: "step-progress", step, done, total, unit: "bytes" });
    };
    const value = await importImage(context, repo, image, { source, onProgress });
    const dropped = value.droppedDeviceNodes;
    if (dropped > 0) {
      const message = `${image.reference}: ${dropped} device nodes or fifos were left out; OSTree cannot hold them`;
      context.emit({ type: "warning", message });
    }
    return { value, outcome: wasRead ? "done" : "unchanged" };
  });
}

export interface ImportGcOptions {
  readonly repo: string;
  /** Only says what would be removed. */
  readonly dryRun?: boolean;
}

/** Removes the layers that no image of the repo needs, and every object that no ref needs. */
export async function importGc(context: Context, options: ImportGcOptions): Promise<GarbageResult> {
  const repo = await openRepo(context, options.repo);
  return runStep(context, "gc", `collect garbage in ${options.repo}`, async () => ({
    value: await collectGarbage(context, repo, options.dryRun ?? false),
  }));
}
