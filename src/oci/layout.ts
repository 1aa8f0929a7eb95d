import { join } from "node:path";
import { type Digest, digestHex, digestOf, isDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { readLimited } from "../host/read-file.ts";
import { sizeOf } from "../host/files.ts";
import { type ImageSource, manifestLimit } from "./image-source.ts";
import { indexTypes } from "./media-type.ts";
import { type Descriptor, ImageIndex, LayoutMarker, parseDocument } from "./schema.ts";

const refName = "org.opencontainers.image.ref.name";

/** Opens an OCI layout. https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
export async function openLayout(folder: string): Promise<ImageSource> {
  const name = `oci:${folder}`;
  const marker = await readLimited(join(folder, "oci-layout"), manifestLimit);
  if (marker === undefined) {
    throw new IgneousError("image-not-found", `${folder} is not an OCI layout: it has no file 'oci-layout'`, {
      hint: "correct the reference; the images of the sample project are built by: scripts/sample-images.sh",
    });
  }
  parseDocument(LayoutMarker, marker, `${folder}/oci-layout`);
  const blobPath = (digest: Digest): string => join(folder, "blobs", "sha256", digestHex(digest));
  const need = async (digest: Digest): Promise<string> => {
    if ((await sizeOf(blobPath(digest))) !== undefined) return blobPath(digest);
    throw new IgneousError("image-not-found", `the OCI layout ${folder} has no blob ${digest}`);
  };
  return {
    name,
    async getManifest(tagOrDigest) {
      if (tagOrDigest !== undefined && isDigest(tagOrDigest)) {
        const bytes = await readLimited(await need(tagOrDigest), manifestLimit);
        return { bytes: bytes ?? new Uint8Array(0), digest: tagOrDigest, mediaType: undefined };
      }
      const index = await readLimited(join(folder, "index.json"), manifestLimit);
      if (index === undefined)
        throw new IgneousError("image-not-found", `the OCI layout ${folder} has no index.json`);
      const { manifests } = parseDocument(ImageIndex, index, `${folder}/index.json`);
      const chosen = chooseByTag(folder, manifests, tagOrDigest);
      // Several untagged images are one image for several platforms, which the index itself tells apart.
      if (chosen === "index") return { bytes: index, digest: digestOf(index), mediaType: indexTypes[0] };
      const bytes = (await readLimited(await need(chosen.digest), manifestLimit)) ?? new Uint8Array(0);
      return { bytes, digest: chosen.digest, mediaType: chosen.mediaType };
    },
    fetchBlob: (blob) => need(blob.digest),
  };
}

function chooseByTag(
  folder: string,
  manifests: readonly Descriptor[],
  tag: string | undefined,
): Descriptor | "index" {
  const tags = manifests.flatMap(({ annotations }) => annotations?.[refName] ?? []);
  const matching =
    tag === undefined ? manifests : manifests.filter(({ annotations }) => annotations?.[refName] === tag);
  const [only] = matching;
  if (matching.length === 1 && only !== undefined) return only;
  if (tag === undefined && manifests.length > 1 && tags.length === 0) return "index";
  const what =
    tag === undefined ? "holds more or less than one image; a tag is needed" : `has no single image '${tag}'`;
  throw new IgneousError(
    "image-not-found",
    `the OCI layout ${folder} ${what}; it has: ${tags.join(", ") || "no tags"}`,
    {
      hint: `write oci:${folder}:TAG`,
    },
  );
}
