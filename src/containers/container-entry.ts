import type { MountSpec, Role } from "./container-spec.ts";

/** A namespace that the container has to itself; it shares all others with the node. */
export type Namespace = "pid" | "ipc" | "mount" | "uts" | "network";

/** A system container with nothing left to decide but its image's own configuration. */
export interface ContainerEntry {
  readonly name: string;
  /** One sentence part for `systemctl status`. */
  readonly description: string;
  readonly image: string;
  /** Empty: every machine starts it. */
  readonly roles: readonly Role[];
  /** Undefined: the image's entrypoint. */
  readonly command?: readonly string[] | undefined;
  /** Undefined: the image's own arguments. */
  readonly args?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly MountSpec[];
  /** Undefined: the image's own user, when that is a number. */
  readonly user?: number | undefined;
  readonly groups: readonly number[];
  readonly capabilities: readonly string[];
  readonly namespaces: readonly Namespace[];
  /** Shares the node's devices and kernel tree, and its mounts travel to the node. Only the kubelet. */
  readonly privileged: boolean;
  /** Keeps `/proc/sys` writable, for programs that set the node's sysctls. */
  readonly writableSysctls: boolean;
  readonly type: "notify" | "exec";
  readonly after: readonly string[];
  readonly ready?: string | undefined;
  /** Paths that must exist before it starts; without them the unit is skipped, which is no failure. */
  readonly conditions: readonly string[];
  /** Directories of the node that it owns, mode 0700 unless said. */
  readonly state: readonly StateDirectory[];
  readonly stopSeconds: number;
  /** Kernel's preference when memory runs out, -1000 (never) to 1000. */
  readonly oomScore: number;
  /** Part of the boot check. */
  readonly checks: readonly ContainerCheck[];
}

export interface StateDirectory {
  readonly path: string;
  readonly mode?: string;
}

/** A command of the booted node and what it must say; same shape as a check of the spec. */
export interface ContainerCheck {
  readonly name: string;
  readonly command: string;
  readonly expect: {
    readonly exit?: number | undefined;
    readonly contains?: string | undefined;
    readonly matches?: string | undefined;
  };
  /** Seconds, on hardware, in which a wrong answer is asked for again; a wrong answer counts at once when not given. */
  readonly wait?: number | undefined;
}

/** Where each thing of the payload lies on the node. */
export const paths = {
  containers: "/usr/lib/igneous/containers",
  config: "/usr/lib/igneous/config",
  libexec: "/usr/libexec/igneous",
  manifests: "/usr/lib/igneous/manifests",
  images: "/usr/lib/igneous/images",
  checks: "/usr/lib/igneous/checks.d",
  staticPods: "/usr/lib/igneous/static-pods",
  units: "/usr/lib/systemd/system",
  roles: "/etc/igneous/roles.d",
  pki: "/var/lib/igneous/pki",
  runtime: "/run/igneous",
} as const;

/** Users of the containers, fixed so that state keeps its owner over every upgrade. */
export const users = {
  etcd: 940,
  "kube-apiserver": 941,
  "kube-controller-manager": 942,
  "kube-scheduler": 943,
  geth: 944,
} as const satisfies Readonly<Record<string, number>>;
