import type { ObjectChecksum } from "./object.ts";

/**
 * What one layer says of one path, in the order of its archive. Contents and metadata are in the repo already.
 * `path` has no slash in front; the root is the empty text.
 */
export type LayerEntry =
  | { readonly kind: "file"; readonly path: string; readonly checksum: ObjectChecksum }
  | { readonly kind: "symlink"; readonly path: string; readonly checksum: ObjectChecksum }
  | { readonly kind: "directory"; readonly path: string; readonly meta: ObjectChecksum }
  | { readonly kind: "hardlink"; readonly path: string; readonly target: string }
  /** A device node or fifo, which OSTree cannot hold. */
  | { readonly kind: "dropped"; readonly path: string }
  /** Lower layers lose `path`, or what they have below it. `checksum` is the mark itself, an empty file. */
  | { readonly kind: "whiteout"; readonly path: string; readonly checksum: ObjectChecksum }
  | { readonly kind: "opaque"; readonly path: string; readonly checksum: ObjectChecksum };
