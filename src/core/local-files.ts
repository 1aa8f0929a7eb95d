/** The folder that local files are embedded from. Paths are absolute; every method may throw a {@link LocalFileError}. */
export interface LocalFiles {
  /** The folder as it was named, for messages. */
  readonly folder: string;
  /** Joins and cleans a path below the folder; undefined when it leads out of it. */
  readonly resolve: (path: string) => string | undefined;
  readonly read: (path: string) => Uint8Array;
  /** What a path is, following links. */
  readonly stat: (path: string) => LocalEntry;
  /** What a path is, not following a link at its end. */
  readonly lstat: (path: string) => LocalEntry;
  /** Names in a folder, in the order of their bytes. */
  readonly list: (path: string) => readonly string[];
  readonly readLink: (path: string) => string;
  /** True when the path, with all links followed, lies in the folder. */
  readonly isInside: (path: string) => boolean;
}

export interface LocalEntry {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly mode: number;
}

/** A file that could not be looked at, in the words of Go: `open files/x: no such file or directory`. */
export class LocalFileError extends Error {
  override readonly name = "LocalFileError";
}
