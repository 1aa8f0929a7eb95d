/** One entry of a tar archive after all its headers were read. Names are as written in the archive. */
export interface TarEntry {
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "hardlink" | "device";
  /** Of a symlink or hard link. */
  readonly linkTarget: string;
  /** Of a file as it is to be, holes included. */
  readonly size: number;
  /** Permission bits, set-id and sticky bits included. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly xattrs: readonly { readonly name: string; readonly value: Uint8Array }[];
}

/** Takes the content of one file: `write` as often as needed, then `end`. Chunks are valid only during the call. */
export interface TarContent {
  readonly write: (chunk: Uint8Array) => void;
  readonly end: () => void;
}

/** Makes the error for an archive that is refused; `path` is undefined where no entry is known yet. */
export type Refuse = (path: string | undefined, reason: string) => Error;
