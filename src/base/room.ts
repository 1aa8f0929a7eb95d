import type { LockedBase, LockedPackage } from "./locked.ts";

/** How much a Debian package takes when it is unpacked, for each byte of it: measured with the sample base, and some more. */
const unpacked = 3.4;

/** Bytes that a set of packages takes as files. */
export function unpackedBytes(packages: readonly LockedPackage[]): number {
  return Math.ceil(packages.reduce((sum, { size }) => sum + size, 0) * unpacked);
}

/** Bytes of the folder in which the base is composed: its tree, and room for the making of the initrd. */
export function scratchBytes(base: LockedBase): number {
  return unpackedBytes(base.packages) + 150e6;
}
