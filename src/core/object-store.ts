export interface ListedFile {
  readonly size: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly changedAt: number;
}

/** A place for files that are read over https: a folder, or a bucket and a prefix. Names are relative, with `/` between. */
export interface ObjectStore {
  /** As people know it. */
  readonly name: string;
  /** All names that start with a prefix. */
  readonly list: (prefix: string) => Promise<ReadonlyMap<string, ListedFile>>;
  readonly find: (name: string) => Promise<Buffer | undefined>;
  /** Writes a file whole or not at all. Only what is `lasting` may be kept by caches: its bytes never change. */
  readonly put: (
    name: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    kind: "lasting" | "changing",
  ) => Promise<void>;
  readonly remove: (names: readonly string[]) => Promise<void>;
  /** Removes what runs that were killed began to write before a time, and never ended. */
  readonly removeUnfinished: (before: number) => Promise<void>;
  /** Waits until all that was put would be there after a power cut. */
  readonly settle: () => Promise<void>;
}
