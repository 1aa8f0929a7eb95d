import type { Context } from "../core/context.ts";
import { isDigest } from "../core/digest.ts";
import type { ErrorCode } from "../core/error-codes.ts";
import { IgneousError } from "../core/errors.ts";
import type { ImageSource } from "./image-source.ts";
import type { RegistryReference } from "./reference.ts";

type Open = () => Promise<ImageSource>;

/** What one mirror may get wrong while another is right. Wrong bytes are not among it. */
const passing: readonly string[] = [
  "image-not-found",
  "registry-denied",
  "registry-failed",
] satisfies readonly ErrorCode[];

/** Asks mirrors first, each in turn, and the registry itself last. What fails in a mirror is warned of, not fatal. */
export function withMirrors(
  context: Context,
  reference: RegistryReference,
  mirrors: readonly Open[],
  origin: ImageSource,
): ImageSource {
  const places: readonly Place[] = [...mirrors.map(openOnce), { open: async () => origin, isDown: false }];
  const firstThat = async <T>(ask: (source: ImageSource) => Promise<T>): Promise<T> => {
    for (const [index, place] of places.entries()) {
      if (place.isDown) continue;
      try {
        return await ask(await place.open());
      } catch (error) {
        const isLast = index === places.length - 1;
        if (isLast || !(error instanceof IgneousError) || !passing.includes(error.code)) throw error;
        place.isDown = error.code !== "image-not-found";
        context.emit({
          type: "warning",
          message: `a mirror of ${reference.registry} did not help: ${error.message}`,
        });
      }
    }
    throw new Error("there is always the registry itself");
  };
  return {
    name: origin.name,
    getManifest: (tagOrDigest) =>
      firstThat((source) => source.getManifest(nameIn(source, reference, tagOrDigest))),
    async forgetBlob(blob) {
      for (const { open } of places) await (await open().catch(() => undefined))?.forgetBlob?.(blob);
    },
    fetchBlob: (blob, onProgress) => firstThat((source) => source.fetchBlob(blob, onProgress)),
  };
}

interface Place {
  readonly open: Open;
  /** It failed once, and is not asked again. */
  isDown: boolean;
}

function openOnce(open: Open): Place {
  let opened: Promise<ImageSource> | undefined;
  return {
    open() {
      opened ??= open();
      return opened;
    },
    isDown: false,
  };
}

/** One layout holds many repositories, so that its tags are whole references. */
function nameIn(
  source: ImageSource,
  { registry, repository }: RegistryReference,
  tagOrDigest: string | undefined,
): string | undefined {
  if (!source.name.startsWith("oci:") || (tagOrDigest !== undefined && isDigest(tagOrDigest)))
    return tagOrDigest;
  return `${registry}/${repository}:${tagOrDigest ?? "latest"}`;
}
