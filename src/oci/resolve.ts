import { type Digest, digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { readLimited } from "../host/read-file.ts";
import { type ImageSource, manifestLimit, type RawManifest, withBlob } from "./image-source.ts";
import { configTypes, indexTypes, manifestTypes } from "./media-type.ts";
import { byPreference, isAttestation, matches, type Platform, platformName } from "./platform.ts";
import { formatReference, type Reference } from "./reference.ts";
import { type Descriptor, ImageConfig, ImageIndex, ImageManifest, parseDocument } from "./schema.ts";

export interface ResolvedLayer {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
}

/** An image for one platform with everything that its digests pin down. */
export interface ResolvedImage {
  /** In its full form. */
  readonly reference: string;
  /** Of the outermost index, when the reference names one. */
  readonly indexDigest?: Digest;
  readonly manifestDigest: Digest;
  readonly rawManifest: Uint8Array;
  readonly configDigest: Digest;
  readonly rawConfig: Uint8Array;
  readonly config: ImageConfig;
  readonly layers: readonly ResolvedLayer[];
}

/**
 * Follows a reference to the manifest and config of one platform. Everything is checked against the digest that
 * named it. A tag that is served together with a digest does not matter: the digest decides.
 */
export async function resolveImage(
  source: ImageSource,
  reference: Reference,
  platform: Platform,
): Promise<ResolvedImage> {
  const top = await fetchManifest(source, reference.digest ?? reference.tag);
  const { manifest, raw } = await findManifest(source, top, platform, 0);
  const { config: descriptor } = manifest;
  if (!configTypes.includes(descriptor.mediaType)) {
    throw refused(source, raw.digest, `it is no container image: its config is '${descriptor.mediaType}'`);
  }
  const rawConfig = await fetchConfig(source, descriptor);
  const config = parseDocument(ImageConfig, rawConfig, `the config ${descriptor.digest} of ${source.name}`);
  if (!matches(platform, config)) throw noPlatform(source, platform, [platformName(config)]);
  return {
    reference: formatReference(reference),
    ...(raw.digest === top.digest ? {} : { indexDigest: top.digest }),
    manifestDigest: raw.digest,
    rawManifest: raw.bytes,
    configDigest: descriptor.digest,
    rawConfig,
    config,
    layers: pairLayers(source, raw.digest, manifest, config),
  };
}

function pairLayers(
  source: ImageSource,
  digest: Digest,
  manifest: ImageManifest,
  config: ImageConfig,
): readonly ResolvedLayer[] {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw refused(
      source,
      digest,
      `it has ${manifest.layers.length} layers, but its config has ${diffIds.length} diffIds`,
    );
  }
  return manifest.layers.map(({ mediaType, digest, size }, index) => ({
    mediaType,
    digest,
    size,
    diffId: diffIds[index] ?? digest,
  }));
}

async function fetchManifest(source: ImageSource, tagOrDigest: string | undefined): Promise<RawManifest> {
  const raw = await source.getManifest(tagOrDigest);
  const actual = digestOf(raw.bytes);
  if (raw.digest !== actual) throw mismatch(source, "manifest", raw.digest, actual);
  return raw;
}

const deepestIndex = 4;

async function findManifest(
  source: ImageSource,
  raw: RawManifest,
  platform: Platform,
  depth: number,
): Promise<{ readonly manifest: ImageManifest; readonly raw: RawManifest }> {
  const kind = documentKind(source, raw);
  const what = `the ${kind} ${raw.digest} of ${source.name}`;
  if (kind === "manifest") return { manifest: parseDocument(ImageManifest, raw.bytes, what), raw };
  if (depth >= deepestIndex)
    throw refused(source, raw.digest, `indexes are nested more than ${deepestIndex} deep`);
  const { manifests } = parseDocument(ImageIndex, raw.bytes, what);
  const images = manifests.filter((descriptor) => !isAttestation(descriptor));
  for (const descriptor of byPreference(images, platform)) {
    const child = await fetchManifest(source, descriptor.digest);
    if (child.bytes.length !== descriptor.size) {
      throw refused(
        source,
        child.digest,
        `it has ${child.bytes.length} bytes where its index says ${descriptor.size}`,
      );
    }
    if (!indexTypes.includes(descriptor.mediaType))
      return findManifest(source, typed(child, descriptor), platform, depth + 1);
    try {
      return await findManifest(source, typed(child, descriptor), platform, depth + 1);
    } catch (error) {
      if (!(error instanceof IgneousError) || error.code !== "platform-not-found") throw error;
    }
  }
  throw noPlatform(
    source,
    platform,
    images.flatMap((image) => (image.platform ? [platformName(image.platform)] : [])),
  );
}

function typed(raw: RawManifest, descriptor: Descriptor): RawManifest {
  return { ...raw, mediaType: descriptor.mediaType };
}

/** A document that could be read both as an index and as a manifest is refused, whatever it calls itself. */
function documentKind(source: ImageSource, raw: RawManifest): "index" | "manifest" {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(raw.bytes).toString("utf8"));
  } catch (error) {
    throw refused(source, raw.digest, "it is not JSON", error);
  }
  const document = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const hasManifests = "manifests" in document;
  const hasLayers = "layers" in document || "config" in document;
  if (hasManifests && hasLayers)
    throw refused(source, raw.digest, "it could be an index as well as a manifest");
  const written = typeof document["mediaType"] === "string" ? document["mediaType"] : undefined;
  for (const mediaType of [written, raw.mediaType]) {
    if (
      mediaType === undefined ||
      mediaType === "application/json" ||
      mediaType === "application/octet-stream"
    )
      continue;
    const isIndex = indexTypes.includes(mediaType);
    if (!isIndex && !manifestTypes.includes(mediaType))
      throw refused(source, raw.digest, `its media type '${mediaType}' is not known`);
    if (isIndex !== hasManifests)
      throw refused(source, raw.digest, `it is not what its media type '${mediaType}' says`);
  }
  return hasManifests ? "index" : "manifest";
}

async function fetchConfig(source: ImageSource, descriptor: Descriptor): Promise<Uint8Array> {
  const what = `the config ${descriptor.digest} of ${source.name}`;
  if (descriptor.size > manifestLimit) {
    throw new IgneousError(
      "blob-too-large",
      `${what} has ${descriptor.size} bytes; the limit is ${manifestLimit}`,
    );
  }
  return withBlob(source, descriptor, async (path) => {
    const bytes = await readLimited(path, descriptor.size);
    if (bytes === undefined) throw new IgneousError("image-not-found", `${what} is gone`);
    const actual = digestOf(bytes);
    if (actual !== descriptor.digest) throw mismatch(source, "config", descriptor.digest, actual);
    return bytes;
  });
}

function mismatch(source: ImageSource, what: string, wanted: Digest, actual: Digest): IgneousError {
  return new IgneousError(
    "blob-digest-mismatch",
    `the ${what} that ${source.name} served as ${wanted} has the digest ${actual}`,
  );
}

function refused(source: ImageSource, digest: Digest, why: string, cause?: unknown): IgneousError {
  return new IgneousError("image-refused", `the image ${digest} of ${source.name} is refused: ${why}`, {
    cause,
  });
}

function noPlatform(source: ImageSource, platform: Platform, found: readonly string[]): IgneousError {
  const there = found.length === 0 ? "none that says its platform" : [...new Set(found)].join(", ");
  return new IgneousError(
    "platform-not-found",
    `${source.name} has no image for ${platform}; it has ${there}`,
    {
      hint: "set 'platform' in igneous.yaml to one of these, or choose another image",
    },
  );
}
