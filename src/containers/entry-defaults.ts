import type { ContainerCheck, ContainerEntry } from "./container-entry.ts";
import { paths } from "./container-entry.ts";
import type { MountSpec } from "./container-spec.ts";

type Required = "name" | "description" | "image";

/** An entry with the strictest value for whatever is not given. */
export function containerEntry(
  given: Pick<ContainerEntry, Required> & Partial<ContainerEntry>,
): ContainerEntry {
  return {
    roles: [],
    env: {},
    mounts: [],
    groups: [],
    capabilities: [],
    namespaces: ["pid", "ipc", "mount", "uts"],
    privileged: false,
    writableSysctls: false,
    type: "exec",
    after: [],
    conditions: [],
    state: [],
    stopSeconds: 90,
    oomScore: 0,
    checks: [],
    ...given,
  };
}

/** Keys and certificates of one container, and nobody else's. */
export function pkiMount(name: string): MountSpec {
  return { source: `${paths.pki}/${name}`, destination: "/pki" };
}

/** Configuration files of one container, with this node's name and addresses filled in. */
export function configMount(name: string): MountSpec {
  return { source: `${paths.runtime}/config/${name}`, destination: "/config" };
}

export function stateMount(path: string): MountSpec {
  return { source: path, destination: path, readOnly: false };
}

/** Succeeds when an HTTP endpoint answers with a 2xx status. */
export function httpReady(url: string, more = ""): string {
  return `curl --silent --show-error --fail --max-time 10 --output /dev/null ${more}${url}`;
}

/** Runs a program of a container's root without starting the container, to see that it can run at all. */
export function versionCheck(
  name: string,
  program: string,
  argument: string,
  contains: string,
): ContainerCheck {
  return {
    name: `${name}-version`,
    command: `chroot ${paths.containers}/${name}/rootfs ${program} ${argument}`,
    expect: { exit: 0, contains },
  };
}
