import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import { withRoom } from "../host/room.ts";
import type { LockedImage } from "../lock/schema.ts";
import { parseReference, type Reference } from "../oci/reference.ts";
import { type ResolvedImage, resolveImage } from "../oci/resolve.ts";
import { type ImageConfig, parseImageConfig } from "../oci/schema.ts";
import { openSource } from "../oci/source.ts";
import { imageRef } from "../ostree/image-ref.ts";
import { importAll, type ImportRequest } from "../ostree/import.ts";
import type { CommitChecksum } from "../ostree/object.ts";
import { readCommit } from "../ostree/object-read.ts";
import { findRef } from "../ostree/ref.ts";
import type { Repo } from "../ostree/repo.ts";
import { type Project, sourceOptions } from "./project.ts";

/** An image that is in the repo, byte for byte as the lock has it. */
export interface BakedImage {
  readonly locked: LockedImage;
  readonly commit: CommitChecksum;
  readonly config: ImageConfig;
}

/** Brings every locked image into the repo. Those that are there already are not asked for anywhere. */
export async function importImages(
  context: Context,
  project: Project,
  repo: Repo,
  images: readonly LockedImage[],
): Promise<ReadonlyMap<string, BakedImage>> {
  const step = "import";
  return runStep(context, step, `import ${images.length} images`, async () => {
    const result = new Map<string, BakedImage>();
    const missing: LockedImage[] = [];
    for (const locked of images) {
      const known = await findImage(repo, locked);
      if (known === undefined) missing.push(locked);
      else result.set(locked.reference, known);
    }
    if (missing.length === 0) return { value: result, outcome: "unchanged" };
    const requests = await mapLimit(missing, 4, (locked) => requestOf(context, project, locked));
    const onProgress = (done: number, total: number): void =>
      context.emit({ type: "step-progress", step, done, total, unit: "bytes" });
    const what = `importing ${missing.length} images`;
    const imported = await withRoom([{ folder: repo.path, bytes: importedBytes(missing), what }], () =>
      importAll(context, repo, requests, { onProgress }),
    );
    for (const [index, { commit }] of imported.entries()) {
      const [locked, request] = [missing[index], requests[index]];
      if (locked === undefined || request === undefined) throw new Error("one image in, one image out");
      result.set(locked.reference, { locked, commit, config: request.image.config });
    }
    return { value: result, note: missing.map(({ reference }) => reference).join(", ") };
  });
}

/** Bytes that images take in the repo: a layer that several of them have is there once. */
export function importedBytes(images: readonly LockedImage[]): number {
  const sizes = new Map(images.flatMap(({ layers }) => layers).map(({ digest, size }) => [digest, size]));
  // Programs in gzip: measured 2.6 with the sample images.
  return Math.ceil([...sizes.values()].reduce((sum, size) => sum + size, 0) * 2.8);
}

async function findImage(repo: Repo, locked: LockedImage): Promise<BakedImage | undefined> {
  const commit = await findRef(repo, imageRef(locked.reference));
  if (commit === undefined) return undefined;
  const { metadata } = readCommit(repo, commit);
  const config = metadata["ostree.container.image-config"];
  if (metadata["ostree.manifest-digest"] !== locked.manifestDigest || typeof config !== "string")
    return undefined;
  return { locked, commit, config: parseImageConfig(config, locked.reference) };
}

async function requestOf(context: Context, project: Project, locked: LockedImage): Promise<ImportRequest> {
  const reference = lockedReference(locked);
  const source = await openSource(context, reference, sourceOptions(project));
  const image = await resolveImage(source, reference, project.loaded.spec.platform);
  requireLocked(locked, image);
  return { image, source, name: locked.reference };
}

/** By digest, so that a tag which has moved since cannot matter. */
function lockedReference(locked: LockedImage): Reference {
  return { ...parseReference(locked.reference), digest: locked.manifestDigest };
}

function requireLocked(locked: LockedImage, resolved: ResolvedImage): void {
  const layers = (image: { readonly layers: LockedImage["layers"] | ResolvedImage["layers"] }): string =>
    image.layers.map(({ digest, diffId, size }) => `${digest} ${diffId} ${size}`).join("\n");
  if (resolved.configDigest === locked.configDigest && layers(resolved) === layers(locked)) return;
  throw new IgneousError(
    "lock-stale",
    `what the lock says of ${locked.reference} is not what its manifest says`,
    {
      hint: "run: igneous lock --update",
    },
  );
}
