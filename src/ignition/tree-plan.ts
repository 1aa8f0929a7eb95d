/** What an Ignition config means for a directory tree that is baked into an image, as a plain plan. */

export interface PlannedTree {
  readonly nodes: readonly PlannedNode[];
  readonly kernelArguments: readonly string[];
  readonly refused: readonly Refusal[];
}

interface Owned {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export type PlannedNode =
  | (Owned & { readonly kind: "file"; readonly contents: string | Uint8Array })
  | (Owned & { readonly kind: "directory" })
  | { readonly kind: "symlink"; readonly path: string; readonly target: string };

/** Something of the config that cannot be baked, by its path in the config. */
export interface Refusal {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export type Refuse = (path: Refusal["path"], message: string) => void;

/** The parts of a validated config that are looked at. https://coreos.github.io/ignition/configuration-v3_3/ */
export interface BakedConfig {
  readonly storage?: {
    readonly files?: readonly FileNode[];
    readonly directories?: readonly Node[];
    readonly links?: readonly (Node & { readonly target?: string; readonly hard?: boolean })[];
    readonly [section: string]: unknown;
  };
  readonly systemd?: { readonly units?: readonly Unit[] };
  readonly passwd?: { readonly users?: readonly User[]; readonly groups?: readonly Group[] };
  readonly kernelArguments?: {
    readonly shouldExist?: readonly string[];
    readonly shouldNotExist?: readonly string[];
  };
  readonly ignition?: {
    readonly config?: {
      readonly merge?: readonly unknown[];
      readonly replace?: { readonly source?: string };
    };
  };
}

export interface Node {
  readonly path: string;
  readonly mode?: number;
  readonly user?: { readonly id?: number; readonly name?: string };
  readonly group?: { readonly id?: number; readonly name?: string };
}

export interface FileNode extends Node {
  readonly contents?: Contents;
  readonly append?: readonly unknown[];
}

export interface Contents {
  readonly source?: string;
  readonly compression?: string;
}

export interface Unit {
  readonly name: string;
  readonly contents?: string;
  readonly enabled?: boolean;
  readonly mask?: boolean;
  readonly dropins?: readonly { readonly name: string; readonly contents?: string }[];
}

export interface User {
  readonly name: string;
  readonly uid?: number;
  readonly gecos?: string;
  readonly homeDir?: string;
  readonly shell?: string;
  readonly groups?: readonly string[];
  readonly sshAuthorizedKeys?: readonly string[];
  readonly passwordHash?: string;
}

export interface Group {
  readonly name: string;
  readonly gid?: number;
}
