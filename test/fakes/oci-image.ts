import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Headers, pack } from "tar-stream";
import { digestOf } from "../../src/core/digest.ts";

export interface FakeEntry extends Partial<Headers> {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly pax?: Readonly<Record<string, string>>;
}

/** A tar archive with these entries, made by tar-stream. */
export async function tarOf(entries: readonly FakeEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) {
    const body = Buffer.from(content ?? "");
    archive.entry({ mtime: new Date(0), ...header, size: body.length }, body);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export interface FakeLayer {
  readonly blob: Uint8Array;
  readonly mediaType: string;
  readonly diffId: string;
}

export function gzipLayer(tar: Uint8Array): FakeLayer {
  return {
    ...plainLayer(tar),
    blob: gzipSync(tar),
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  };
}

export function plainLayer(tar: Uint8Array): FakeLayer {
  return { blob: tar, mediaType: "application/vnd.oci.image.layer.v1.tar", diffId: digestOf(tar) };
}

export interface FakeImage {
  readonly manifest: Buffer;
  readonly config: Buffer;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** An image of these layers; `changes` are laid over its manifest and config. */
export function imageOf(
  layers: readonly FakeLayer[],
  changes: { readonly manifest?: object; readonly config?: object } = {},
): FakeImage {
  const configValue = {
    architecture: "amd64",
    os: "linux",
    config: { Entrypoint: ["/bin/app"], Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    ...changes.config,
  };
  const config = Buffer.from(JSON.stringify(configValue));
  const blobs = new Map<string, Uint8Array>([[digestOf(config), config]]);
  for (const { blob } of layers) blobs.set(digestOf(blob), blob);
  const manifestValue = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers: layers.map(({ blob, mediaType }) => ({ mediaType, digest: digestOf(blob), size: blob.length })),
    ...changes.manifest,
  };
  const manifest = Buffer.from(JSON.stringify(manifestValue));
  blobs.set(digestOf(manifest), manifest);
  return { manifest, config, blobs };
}

/** Writes images into an OCI layout, each under its tag. */
export async function writeLayout(
  folder: string,
  images: Readonly<Record<string, FakeImage>>,
): Promise<void> {
  const blobFolder = join(folder, "blobs", "sha256");
  await mkdir(blobFolder, { recursive: true });
  const manifests = [];
  for (const [tag, image] of Object.entries(images)) {
    for (const [digest, blob] of image.blobs) await writeFile(join(blobFolder, digest.slice(7)), blob);
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const annotations = { "org.opencontainers.image.ref.name": tag };
    manifests.push({ mediaType, digest: digestOf(image.manifest), size: image.manifest.length, annotations });
  }
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

/** Bytes that do not compress, the same in every run. */
export function noise(size: number, seed: string): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index * 32 < size; index++)
    parts.push(createHash("sha256").update(`${seed}${index}`).digest());
  return Buffer.concat(parts).subarray(0, size);
}
