/** What an Ignition config means for a directory tree that is baked into an image, as a plain plan. */

export interface PlannedTree {
  /** What of the base is not in the image any more: what `overwrite` makes room for. */
  readonly removed: readonly string[];
  readonly nodes: readonly PlannedNode[];
  readonly refused: readonly Refusal[];
}

export interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export type PlannedNode = { readonly path: string } & (
  | (Owned & { readonly kind: "file"; readonly contents: string | Uint8Array })
  | (Owned & { readonly kind: "directory" })
  | {
      readonly kind: "symlink";
      readonly target: string;
      readonly uid: number;
      readonly gid: number;
    }
);

/** Something of the config that cannot be baked, by its path in the config. */
export interface Refusal {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export type Refuse = (path: Refusal["path"], message: string) => void;

/** What to do with what differs from machine to machine. */
export const launchTime = "put it into the launch-time template";
