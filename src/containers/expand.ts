import type { Diagnostic } from "../core/report.ts";
import { catalogue } from "./catalogue.ts";
import { flagProblems } from "./component-flags.ts";
import type { ContainerEntry } from "./container-entry.ts";
import type { ContainerSpec, MountSpec, NodeSpec } from "./container-spec.ts";
import { containerEntry } from "./entry-defaults.ts";
import { mergeFlags } from "./flags.ts";
import { findRelease, supportedKubernetes } from "./kubernetes-releases.ts";
import { skewProblems } from "./version-rules.ts";

/** Problems carry the path of the value in the spec; whoever read the spec adds the line. */
export interface ExpandedContainers {
  readonly containers: readonly ContainerEntry[];
  readonly diagnostics: readonly Diagnostic[];
}

export const defaultPodSubnet = "10.244.0.0/16";
export const defaultServiceSubnet = "10.96.0.0/16";

/** The containers of a node: the catalogue for its Kubernetes version, with what the spec says laid over it. */
export function expandContainers(spec: NodeSpec): ExpandedContainers {
  const { version } = spec.kubernetes;
  const release = findRelease(version);
  if (release === undefined) {
    const message = `Kubernetes ${version} is not supported; wanted a version of ${supportedKubernetes}`;
    return { containers: [], diagnostics: [{ severity: "error", path: "kubernetes.version", message }] };
  }
  const defaults = catalogue({
    version,
    release,
    imageRepository: spec.kubernetes.imageRepository,
    podSubnet: spec.kubernetes.podSubnet ?? defaultPodSubnet,
    serviceSubnet: spec.kubernetes.serviceSubnet ?? defaultServiceSubnet,
    geth: spec.geth,
  });
  const names = new Set(defaults.map(({ name }) => name));
  const own = Object.entries(spec.containers).filter(([name]) => !names.has(name));
  const diagnostics = own
    .filter(([, given]) => given.image === undefined)
    .map(([name]) => imageMissing(name));
  const containers = [
    ...defaults.map((entry) => override(entry, spec.containers[entry.name] ?? {})),
    ...own.map(([name, given]) => ownEntry(name, given)),
  ].filter(({ name }) => spec.containers[name]?.enabled !== false);
  return {
    containers,
    diagnostics: [
      ...diagnostics,
      ...unknownOrder(spec, containers),
      ...flagProblems(spec.containers, version),
      ...skewProblems(containers, version),
    ],
  };
}

function override(entry: ContainerEntry, given: ContainerSpec): ContainerEntry {
  return {
    ...entry,
    image: given.image ?? entry.image,
    roles: given.roles ?? entry.roles,
    command: given.command ?? entry.command,
    args: mergeFlags(entry.args ?? [], given.args ?? []),
    env: { ...entry.env, ...given.env },
    mounts: mergeMounts(entry.mounts, given.mounts ?? []),
    user: given.user ?? entry.user,
    capabilities: given.capabilities ?? entry.capabilities,
    type: given.type ?? entry.type,
    after: given.after ?? entry.after,
    ready: given.ready ?? entry.ready,
  };
}

function ownEntry(name: string, given: ContainerSpec): ContainerEntry {
  const defaults = containerEntry({ name, description: name, image: given.image ?? "" });
  return { ...override(defaults, given), args: given.args };
}

function mergeMounts(defaults: readonly MountSpec[], given: readonly MountSpec[]): readonly MountSpec[] {
  const replaced = new Set(given.map(({ destination }) => destination));
  return [...defaults.filter(({ destination }) => !replaced.has(destination)), ...given];
}

function imageMissing(name: string): Diagnostic {
  return {
    severity: "error",
    path: `containers.${name}`,
    message: `'${name}' is not in the catalogue and has no image`,
    hint: `give containers.${name}.image, or one of the catalogue's names`,
  };
}

/** A name in `after` that is neither a container nor a unit would order nothing and say nothing. */
function unknownOrder(spec: NodeSpec, containers: readonly ContainerEntry[]): readonly Diagnostic[] {
  const names = new Set(containers.map(({ name }) => name));
  return Object.entries(spec.containers).flatMap(([name, { after = [] }]) =>
    after.flatMap((other, index): readonly Diagnostic[] => {
      if (names.has(other) || /\.(?:service|target|mount|socket)$/u.test(other)) return [];
      const message = `there is no container or unit called '${other}'`;
      return [{ severity: "error", path: `containers.${name}.after[${index}]`, message }];
    }),
  );
}
