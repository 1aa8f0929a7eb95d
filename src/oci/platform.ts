import { indexTypes, manifestTypes } from "./media-type.ts";
import type { Descriptor } from "./schema.ts";

/** OCI's way to write it, such as `linux/amd64` or `linux/arm64/v8`. */
export type Platform = `${string}/${string}`;

/** The exact platform first, then nested indexes and what does not say its platform. */
export function byPreference(images: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const supported = images.filter(({ mediaType }) => [...manifestTypes, ...indexTypes].includes(mediaType));
  const exact = supported.filter((image) => image.platform && matches(platform, image.platform));
  const open = supported.filter((image) => !image.platform);
  const nested = open.filter(({ mediaType }) => indexTypes.includes(mediaType));
  const untold = open.filter(({ mediaType }) => !indexTypes.includes(mediaType));
  // Several manifests that do not say what they are for cannot be told apart.
  return [...exact, ...nested, ...(untold.length === 1 ? untold : [])];
}

/** Evidence about another image of the index, which is no image itself. */
export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return annotations?.["vnd.docker.reference.type"] !== undefined || platform?.os === "unknown";
}

interface PlatformFields {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

export function matches(platform: Platform, candidate: PlatformFields): boolean {
  const [os, architecture, variant] = platform.split("/");
  if (candidate.os !== os || candidate.architecture !== architecture) return false;
  // arm64 has one variant, v8, which many do not write.
  const normal = (value: string | undefined): string => value || (architecture === "arm64" ? "v8" : "");
  return variant === undefined && architecture !== "arm64"
    ? true
    : normal(candidate.variant) === normal(variant);
}

export function platformName({ os, architecture, variant }: PlatformFields): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}
