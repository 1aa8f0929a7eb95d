import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import type { LayerLimits } from "../oci/layer-reader.ts";
import { parseReference } from "../oci/reference.ts";
import type { Platform } from "../oci/platform.ts";
import { resolveImage } from "../oci/resolve.ts";
import { openSource, type SourceOptions } from "../oci/source.ts";
import { collectGarbage, type GarbageResult } from "../ostree/garbage.ts";
import { importAll } from "../ostree/import.ts";
import type { ImportedImage } from "../ostree/imported-image.ts";
import { openRepo, type RepoMode } from "../ostree/repo.ts";
import { cloudCredentials } from "./registry-credentials.ts";

export interface ImportOptions {
  readonly references: readonly string[];
  readonly repo: string;
  /** Of a repo that has to be created. */
  readonly mode?: RepoMode;
  readonly platform?: Platform;
  readonly sources?: SourceOptions;
  /** What a layer may grow to when it is unpacked. */
  readonly limits?: LayerLimits;
}

/** Pulls, verifies and imports images into an OSTree repo, which is created when it is not there. All of them or none. */
export async function importImages(
  context: Context,
  options: ImportOptions,
): Promise<readonly ImportedImage[]> {
  if (options.references.length === 0) {
    throw new IgneousError("usage", "no image was named", {
      hint: "run: igneous import oci:FOLDER:TAG --repo DIR",
    });
  }
  const { platform = "linux/amd64", sources = {} } = options;
  const limits = options.limits === undefined ? {} : { limits: options.limits };
  const references = options.references.map((text) => parseReference(text));
  const requests = await runStep(context, "resolve", "resolve the images", async () => ({
    value: await mapLimit(references, 4, async (reference) => {
      const source = await openSource(context, reference, { credentialSource: cloudCredentials, ...sources });
      return { source, image: await resolveImage(source, reference, platform) };
    }),
  }));
  const repo = await openRepo(
    context,
    options.repo,
    options.mode === undefined ? {} : { mode: options.mode },
  );
  const imported = await runStep(
    context,
    "import",
    `import ${countOf(requests.length, "image")}`,
    async () => {
      let wasRead = false;
      const onProgress = (done: number, total: number): void => {
        wasRead = true;
        context.emit({ type: "step-progress", step: "import", done, total, unit: "bytes" });
      };
      const value = await importAll(context, repo, requests, { onProgress, ...limits });
      return { value, outcome: wasRead ? "done" : "unchanged" };
    },
  );
  for (const { reference, droppedDeviceNodes } of imported)
    warnOfDropped(context, reference, droppedDeviceNodes);
  return imported;
}

function warnOfDropped(context: Context, reference: string, dropped: number): void {
  if (dropped === 0) return;
  const message = `${reference}: ${countOf(dropped, "device node")} or fifos were left out; OSTree cannot hold them`;
  context.emit({ type: "warning", message });
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
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
