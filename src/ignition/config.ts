/** An Ignition config as its JSON has it; spec 3.0 to 3.7. Only what our own code reads is spelled out. */
export interface IgnitionConfig {
  readonly ignition: {
    readonly version: string;
    readonly config?: { readonly merge?: readonly IgnitionResource[]; readonly replace?: IgnitionResource };
    readonly proxy?: object;
    readonly security?: object;
    readonly timeouts?: object;
  };
  readonly kernelArguments?: {
    readonly shouldExist?: readonly string[];
    readonly shouldNotExist?: readonly string[];
  };
  readonly passwd?: {
    readonly groups?: readonly IgnitionGroup[];
    readonly users?: readonly IgnitionUser[];
  };
  readonly storage?: {
    readonly directories?: readonly IgnitionDirectory[];
    readonly disks?: readonly object[];
    readonly files?: readonly IgnitionFile[];
    readonly filesystems?: readonly object[];
    readonly links?: readonly IgnitionLink[];
    readonly luks?: readonly object[];
    readonly raid?: readonly object[];
  };
  readonly systemd?: { readonly units?: readonly IgnitionUnit[] };
}

export interface IgnitionResource {
  readonly compression?: string;
  readonly httpHeaders?: readonly object[];
  readonly source?: string;
  readonly verification?: { readonly hash?: string };
}

export interface IgnitionOwner {
  readonly id?: number;
  readonly name?: string;
}

export interface IgnitionNode {
  readonly path: string;
  readonly group?: IgnitionOwner;
  readonly overwrite?: boolean;
  readonly user?: IgnitionOwner;
}

export interface IgnitionDirectory extends IgnitionNode {
  readonly mode?: number;
}

export interface IgnitionFile extends IgnitionNode {
  readonly append?: readonly IgnitionResource[];
  readonly contents?: IgnitionResource;
  readonly mode?: number;
}

export interface IgnitionLink extends IgnitionNode {
  readonly hard?: boolean;
  readonly target?: string;
}

export interface IgnitionGroup {
  readonly name: string;
  readonly gid?: number;
  readonly passwordHash?: string;
  readonly shouldExist?: boolean;
  readonly system?: boolean;
}

export interface IgnitionUser {
  readonly name: string;
  readonly gecos?: string;
  readonly groups?: readonly string[];
  readonly homeDir?: string;
  readonly noCreateHome?: boolean;
  readonly noLogInit?: boolean;
  readonly noUserGroup?: boolean;
  readonly passwordHash?: string;
  readonly primaryGroup?: string;
  readonly shell?: string;
  readonly shouldExist?: boolean;
  readonly sshAuthorizedKeys?: readonly string[];
  readonly system?: boolean;
  readonly uid?: number;
}

export interface IgnitionUnit {
  readonly name: string;
  readonly contents?: string;
  readonly dropins?: readonly { readonly name: string; readonly contents?: string }[];
  readonly enabled?: boolean;
  readonly mask?: boolean;
}
