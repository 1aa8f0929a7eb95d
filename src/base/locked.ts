import type { Sha256Hex } from "../core/digest.ts";

/** One Debian package, as an archive whose signature was checked describes it. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly size: number;
  readonly sha256: Sha256Hex;
  /** Path below an archive's root, such as `pool/main/b/bash/bash_5.2-1_amd64.deb`; never a host. */
  readonly filename: string;
}

/** Every package that the base tree is made of, and every one of the tools that make it. */
export interface LockedBase {
  readonly suite: string;
  /** Packages that the spec asks for beyond those of every node, sorted. */
  readonly requested: readonly string[];
  readonly packages: readonly LockedPackage[];
  readonly tools: readonly LockedPackage[];
}

/** What the spec says about the base. */
export interface BaseSpec {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Base URI of an archive, instead of this machine's own. */
  readonly mirror?: string | undefined;
}
