import type { Context } from "../core/context.ts";
import type { Digest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { mapLimit } from "../core/parallel.ts";
import { runStep } from "../core/step.ts";
import { checkBase } from "../base/debs.ts";
import { missingFromLock, resolveBase } from "../base/resolve.ts";
import { type Difference, diffLock } from "../lock/diff.ts";
import { findLock, readLock, withProject, writeLock } from "../lock/file.ts";
import type { LockedBase, LockedImage } from "../lock/schema.ts";
import { parseReference } from "../oci/reference.ts";
import { resolveImage } from "../oci/resolve.ts";
import { openSource } from "../oci/source.ts";
import { loadProject, type Project, sourceOptions } from "./project.ts";
import { namingImage, namingPackages } from "./spec-places.ts";
import { committedShape } from "./committed-shape.ts";
import { type DescribedAmi, describeAmi, lockSourceAmis, type Outcome } from "./source-amis.ts";
import { keepShape, withFields } from "./spec-changes.ts";
import { renderTemplates } from "./templates.ts";
import { updateFilter } from "./update-filter.ts";

export interface LockResult {
  readonly changed: boolean;
  readonly images: readonly {
    readonly reference: string;
    readonly manifestDigest: Digest;
    readonly outcome: Outcome;
    readonly previousDigest?: Digest;
  }[];
  readonly base: {
    readonly suite: string;
    readonly packages: number;
    readonly tools: number;
    readonly outcome: Outcome;
    readonly changes: readonly string[];
  };
  readonly sourceAmis: readonly DescribedAmi[];
}

export interface LockCheck {
  readonly differences: readonly Difference[];
}

export interface LockOptions {
  /** true: resolve everything again; names: images (container name, repository or reference) and `base`. */
  readonly update: true | readonly string[];
  /** Resolve again what is no longer served as it is locked, and only that. */
  readonly refreshGone: boolean;
}

/** Compares the lock with the spec. Asks no network and writes nothing. */
export async function checkLock(context: Context, folder: string): Promise<LockCheck> {
  const project = await loadProject(folder);
  const lock = await readLock(folder);
  const differences = diffLock(lock, project.wanted);
  return {
    differences: await withFields(project, differences, committedShape(context, folder)),
  };
}

/** Resolves what is not locked yet, or is named by `update`, and writes the lock. */
export async function lockProject(
  context: Context,
  folder: string,
  options: LockOptions,
): Promise<LockResult> {
  const project = await loadProject(folder);
  renderTemplates(project);
  const update = updateFilter(project, options.update);
  const { refreshGone } = options;
  return withProject(context, folder, async () => {
    const previous = await findLock(folder);
    const locked = new Map(previous?.images.map((image) => [image.reference, image]));
    const images = await runStep(context, "resolve-images", "resolve images", async () => {
      const value = await mapLimit(project.wanted.references, 4, async (reference) => {
        const old = locked.get(reference);
        const keep =
          old !== undefined && !update(reference) && !(refreshGone && (await isGone(context, project, old)));
        return keep ? old : namingImage(project, reference, () => lockImage(context, project, reference));
      });
      const fresh = value.filter((image) => locked.get(image.reference) !== image).length;
      return {
        value,
        outcome: fresh === 0 ? "unchanged" : "done",
        note: `${fresh} of ${value.length} asked for`,
      };
    });
    const base = await lockBase(context, project, previous?.base, update("base"), refreshGone);
    const sourceAmis = await lockSourceAmis(context, project, previous?.sourceAmis, {
      update: update("source-amis"),
      refreshGone,
    });
    const { name, platform, spec, templates } = project.wanted;
    const builds = previous?.builds ?? [];
    const changed = await writeLock(folder, {
      name,
      platform,
      spec,
      templates: { ...templates },
      images,
      base,
      ...(sourceAmis === undefined ? {} : { sourceAmis: [...sourceAmis] }),
      builds,
      rollouts: previous?.rollouts,
    });
    await keepShape(project);
    return {
      changed,
      images: images.map((image) => describeImage(image, locked.get(image.reference))),
      base: describeBase(base, previous?.base),
      sourceAmis: (sourceAmis ?? []).map((ami) => describeAmi(ami, previous?.sourceAmis)),
    };
  });
}

async function lockImage(context: Context, project: Project, reference: string): Promise<LockedImage> {
  const parsed = parseReference(reference);
  const source = await openSource(context, parsed, sourceOptions(project));
  const resolved = await resolveImage(source, parsed, project.loaded.spec.platform);
  const { indexDigest, manifestDigest, configDigest, layers } = resolved;
  return {
    reference,
    ...(indexDigest === undefined ? {} : { indexDigest }),
    manifestDigest,
    configDigest,
    layers: layers.map(({ digest, size, diffId, mediaType }) => ({ digest, size, diffId, mediaType })),
  };
}

/** Whether the place that an image comes from no longer has what is locked. */
async function isGone(context: Context, project: Project, image: LockedImage): Promise<boolean> {
  const reference = { ...parseReference(image.reference), digest: image.manifestDigest };
  try {
    const source = await openSource(context, reference, sourceOptions(project));
    await source.getManifest(image.manifestDigest);
    return false;
  } catch (error) {
    if (!(error instanceof IgneousError) || error.code !== "image-not-found") throw error;
    const message = `${image.reference} is no longer served as it is locked; it is resolved again`;
    context.emit({
      type: "warning",
      message,
      hint: "review the change of images.lock.json before you commit it",
    });
    return true;
  }
}

async function lockBase(
  context: Context,
  project: Project,
  previous: LockedBase | undefined,
  update: boolean,
  refreshGone: boolean,
): Promise<LockedBase> {
  const { suite, requestedPackages: requested } = project.wanted;
  const { mirror } = project.loaded.spec.base.debian;
  const fits =
    previous?.suite === suite &&
    previous.requested.join(" ") === requested.join(" ") &&
    missingFromLock(previous, requested).length === 0;
  if (fits && !update) {
    const { gone } = refreshGone ? await checkBase(context, previous, mirror) : { gone: [] };
    if (gone.length === 0) return previous;
    const message = `the archive no longer serves ${gone.length} of the locked packages; the base is resolved again`;
    context.emit({
      type: "warning",
      message,
      hint: "review the change of images.lock.json before you commit it",
    });
  }
  const base = await namingPackages(project, () =>
    resolveBase(context, { suite, packages: requested, mirror }),
  );
  return { suite, requested: [...requested], packages: [...base.packages], tools: [...base.tools] };
}

function describeImage(image: LockedImage, old: LockedImage | undefined): LockResult["images"][number] {
  const { reference, manifestDigest } = image;
  const previousDigest = old?.manifestDigest;
  const outcome =
    previousDigest === undefined ? "locked" : previousDigest === manifestDigest ? "kept" : "updated";
  return { reference, manifestDigest, outcome, ...(previousDigest === undefined ? {} : { previousDigest }) };
}

function describeBase(base: LockedBase, old: LockedBase | undefined): LockResult["base"] {
  const before = new Map(old?.packages.map(({ name, version }) => [name, version]));
  const after = new Map(base.packages.map(({ name, version }) => [name, version]));
  const changes: string[] = [];
  if (old !== undefined) {
    for (const [name, version] of after) {
      const was = before.get(name);
      if (was === undefined) changes.push(`+ ${name} ${version}`);
      else if (was !== version) changes.push(`~ ${name} ${was} → ${version}`);
    }
    for (const [name, version] of before) if (!after.has(name)) changes.push(`- ${name} ${version}`);
  }
  const outcome = old === undefined ? "locked" : base === old ? "kept" : "updated";
  return { suite: base.suite, packages: base.packages.length, tools: base.tools.length, outcome, changes };
}
