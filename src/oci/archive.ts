import { createHash } from "node:crypto";
import { pack } from "tar-stream";
import { digestHex } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import type { BlobDescriptor } from "./image-source.ts";
import type { ResolvedImage } from "./resolve.ts";

/** An image as one tar file, as `ctr images import` and `skopeo copy oci-archive:` read it. */
export interface ImageArchive {
  readonly size: number;
  /** The bytes; the same for the same image and name on every machine. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

const block = 512;

/**
 * Packs an image into an OCI archive under a full name. Blobs are checked against their digests while they pass.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export function packArchive(
  image: ResolvedImage,
  name: string,
  openBlob: (blob: BlobDescriptor) => Promise<AsyncIterable<Uint8Array>>,
): ImageArchive {
  const blobPath = (digest: BlobDescriptor["digest"]): string => `blobs/sha256/${digestHex(digest)}`;
  const small: readonly (readonly [string, Uint8Array])[] = [
    ["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ["index.json", Buffer.from(renderIndex(image, name))],
    [blobPath(image.manifestDigest), image.rawManifest],
    [blobPath(image.configDigest), image.rawConfig],
  ];
  const layers = [...new Map(image.layers.map((layer) => [layer.digest, layer])).values()];
  const sizes = [...small.map(([, bytes]) => bytes.length), ...layers.map(({ size }) => size)];
  const size = sizes.reduce((sum, each) => sum + block + Math.ceil(each / block) * block, 2 * block);
  const tar = pack();
  const fill = async (): Promise<void> => {
    for (const [path, bytes] of small) tar.entry({ ...entryDefaults, name: path }, Buffer.from(bytes));
    for (const layer of layers) {
      const entry = tar.entry({ ...entryDefaults, name: blobPath(layer.digest), size: layer.size });
      // The tar stream itself reports a failure; its entry repeats it.
      entry.on("error", () => undefined);
      for await (const chunk of checked(await openBlob(layer), layer, image.reference)) {
        if (!entry.write(chunk)) await new Promise((resolve) => entry.once("drain", resolve));
      }
      entry.end();
    }
    tar.finalize();
  };
  fill().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  return { size, chunks: tar };
}

const entryDefaults = { mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" };

function renderIndex(image: ResolvedImage, name: string): string {
  const descriptor = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: image.manifestDigest,
    size: image.rawManifest.length,
    annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name },
  };
  const mediaType: unknown = JSON.parse(Buffer.from(image.rawManifest).toString("utf8")).mediaType;
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [typeof mediaType === "string" ? { ...descriptor, mediaType } : descriptor],
  });
}

async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  blob: BlobDescriptor,
  reference: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > blob.size) break;
    hash.update(chunk);
    yield chunk;
  }
  const actual = `sha256:${hash.digest("hex")}`;
  if (size === blob.size && actual === blob.digest) return;
  throw new IgneousError(
    "blob-digest-mismatch",
    `a layer of ${reference} has ${size} bytes and digest ${actual}; wanted ${blob.size} and ${blob.digest}`,
  );
}
