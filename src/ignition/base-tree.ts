/** What an image has already when a config is applied to it, by paths of the image: `/usr/etc/passwd`. */
export interface BaseTree {
  /** What is at a path; symlinks are not followed. */
  readonly find: (path: string) => BaseNode | undefined;
}

interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export type BaseNode =
  | (Owned & { readonly kind: "file"; readonly read: () => Uint8Array })
  | (Owned & { readonly kind: "directory" })
  | {
      readonly kind: "symlink";
      readonly target: string;
      readonly uid: number;
      readonly gid: number;
    };
