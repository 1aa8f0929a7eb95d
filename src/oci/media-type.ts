/** Media types of OCI and of Docker's schema 2, which mean the same. */
export const manifestTypes: readonly string[] = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

export const indexTypes: readonly string[] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

export const configTypes: readonly string[] = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];

export type Compression = "none" | "gzip" | "zstd";

const layerTypes: Readonly<Record<string, Compression>> = {
  "application/vnd.oci.image.layer.v1.tar": "none",
  "application/vnd.oci.image.layer.v1.tar+gzip": "gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd": "zstd",
  "application/vnd.docker.image.rootfs.diff.tar": "none",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd": "zstd",
};

/** How a layer is compressed, or why a layer of this type cannot be imported. */
export function layerCompression(
  mediaType: string,
): { readonly compression: Compression } | { readonly refused: string } {
  const compression = Object.hasOwn(layerTypes, mediaType) ? layerTypes[mediaType] : undefined;
  if (compression !== undefined) return { compression };
  if (mediaType.endsWith("+encrypted")) return { refused: "it is encrypted" };
  if (/\.(?:nondistributable|foreign)\./u.test(mediaType))
    return { refused: "it is a foreign layer, which registries do not hold" };
  return { refused: `its media type '${mediaType}' is not known` };
}
