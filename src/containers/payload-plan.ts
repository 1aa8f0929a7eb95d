import type { ContainerCheck } from "./container-entry.ts";
import type { Role } from "./container-spec.ts";

/** What a payload adds to the base tree, as plain data. Every path is absolute and below /usr. */
export interface PayloadPlan {
  readonly files: readonly PlannedFile[];
  readonly links: readonly PlannedLink[];
  /** Directories that hold no file. */
  readonly directories: readonly string[];
  readonly containers: readonly PlannedContainer[];
  /** Containers that the kubelet runs, from preloaded images. */
  readonly pods: readonly PlannedPod[];
  /** Units that start at boot; their links are among {@link links} already. */
  readonly units: readonly string[];
  readonly checks: readonly PlannedCheck[];
}

export interface PlannedFile {
  readonly path: string;
  readonly mode: number;
  readonly contents: string;
}

export interface PlannedLink {
  readonly path: string;
  readonly target: string;
}

export interface PlannedContainer {
  readonly name: string;
  readonly image: string;
  /** Where the image's tree goes. */
  readonly rootfs: string;
  /** Must exist in the image's tree, because its root is read-only; symbolic links on the way are followed within it. */
  readonly mountPoints: readonly MountPoint[];
}

export interface PlannedPod {
  readonly name: string;
  readonly image: string;
}

export interface MountPoint {
  /** Absolute, as seen in the container. */
  readonly path: string;
  readonly kind: "file" | "directory";
}

/** A check of the booted machine; it counts only where one of its roles is given (none: everywhere). */
export interface PlannedCheck extends ContainerCheck {
  readonly container: string;
  readonly roles: readonly (Role | string)[];
}
