/** What a person writes about containers; the spec's schema infers exactly these shapes. */

export type Role = "control-plane" | "worker";

export const roleNames: readonly Role[] = ["control-plane", "worker"];

export type Propagation = "private" | "rprivate" | "slave" | "rslave" | "shared" | "rshared";

/** A bind mount: `source` is a path of the node, `destination` one of the container. Read-only unless said otherwise. */
export interface MountSpec {
  readonly source: string;
  readonly destination: string;
  readonly readOnly?: boolean | undefined;
  readonly propagation?: Propagation | undefined;
  /** The source is a file; otherwise it is a directory. */
  readonly file?: boolean | undefined;
}

/** An entry of `containers:`. For a name of the catalogue, each field that is given takes the place of the catalogue's. */
export interface ContainerSpec {
  readonly image?: string | undefined;
  /** `false` leaves an entry of the catalogue out. */
  readonly enabled?: boolean | undefined;
  /** Roles that start it; none given: every machine does. */
  readonly roles?: readonly Role[] | undefined;
  /** Program and first words; the image's entrypoint when not given. */
  readonly command?: readonly string[] | undefined;
  /** For a name of the catalogue: `--flag=value` replaces the catalogue's value of that flag, others are added. */
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Added to the catalogue's; the same destination replaces. */
  readonly mounts?: readonly MountSpec[] | undefined;
  readonly user?: number | undefined;
  readonly capabilities?: readonly string[] | undefined;
  readonly type?: "notify" | "exec" | undefined;
  /** Containers (or units) that start before this one. */
  readonly after?: readonly string[] | undefined;
  /** Shell command on the node that succeeds when the container serves. */
  readonly ready?: string | undefined;
}

export type GethNetwork = "mainnet" | "sepolia" | "holesky" | "hoodi" | "dev";

/** The part of the spec that decides which containers there are. The spec's own type fits it. */
export interface NodeSpec {
  readonly kubernetes: {
    readonly version: string;
    readonly imageRepository: string;
    readonly podSubnet?: string | undefined;
    readonly serviceSubnet?: string | undefined;
  };
  readonly geth: { readonly image?: string | undefined; readonly network: GethNetwork };
  readonly containers: Readonly<Record<string, ContainerSpec>>;
}
