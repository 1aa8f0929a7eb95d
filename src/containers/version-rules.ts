import semver from "semver";
import type { Diagnostic } from "../core/report.ts";
import type { ContainerEntry } from "./container-entry.ts";
import { findRelease } from "./kubernetes-releases.ts";

interface SkewRule {
  readonly component: string;
  /** How many minors it may be older than the API server. */
  readonly older: number;
}

/** https://kubernetes.io/releases/version-skew-policy/: nothing may be newer than the API server. */
export const skewRules: readonly SkewRule[] = [
  { component: "kube-controller-manager", older: 1 },
  { component: "kube-scheduler", older: 1 },
  { component: "kubelet", older: 3 },
  { component: "kube-proxy", older: 3 },
];

/** The version that an image's tag says, whatever its suffix: `…/etcd:3.6.5-0` → 3.6.5; undefined without such a tag. */
export function imageVersion(reference: string): string | undefined {
  const tag = /:([^/:@]+)(?:@[^@]*)?$/u.exec(reference)?.[1] ?? "";
  return /^v?(\d+\.\d+\.\d+)(?:[-+].*)?$/u.exec(tag)?.[1];
}

/** Versions of one node that do not go together; images whose tag says no version are taken on trust. */
export function skewProblems(
  containers: readonly ContainerEntry[],
  kubernetes: string,
): readonly Diagnostic[] {
  const found = new Map(containers.map(({ name, image }) => [name, imageVersion(image)]));
  const apiserver = found.get("kube-apiserver") ?? kubernetes;
  const components = skewRules.flatMap(({ component, older }): readonly Diagnostic[] => {
    const version = found.get(component);
    if (version === undefined || isWithin(version, apiserver, older)) return [];
    const limit = older === 1 ? "one minor" : `${older} minors`;
    const message = `${component} ${version} does not go with kube-apiserver ${apiserver}: it may be at most ${limit} older, and never newer`;
    return [{ severity: "error", path: `containers.${component}.image`, message }];
  });
  return [...components, ...etcdProblems(found.get("etcd"), apiserver), ...containerdProblems(apiserver)];
}

function isWithin(version: string, apiserver: string, older: number): boolean {
  if (semver.major(version) !== semver.major(apiserver)) return false;
  const behind = semver.minor(apiserver) - semver.minor(version);
  return behind >= 0 && behind <= older;
}

function etcdProblems(version: string | undefined, apiserver: string): readonly Diagnostic[] {
  const tested = imageVersion(`etcd:${findRelease(apiserver)?.etcd ?? ""}`);
  if (version === undefined || tested === undefined) return [];
  const path = "containers.etcd.image";
  if (semver.lt(version, "3.5.0")) {
    return [
      {
        severity: "error",
        path,
        message: `etcd ${version} is too old for Kubernetes ${apiserver}; wanted 3.5 or later`,
      },
    ];
  }
  if (semver.minor(version) === semver.minor(tested) && semver.major(version) === semver.major(tested))
    return [];
  const message = `Kubernetes ${apiserver} is tested with etcd ${tested}, not ${version}`;
  return [{ severity: "warning", path, message }];
}

/** The base's containerd, by the suite of Debian that igneous composes. */
const baseContainerd = "1.7.24";

function containerdProblems(apiserver: string): readonly Diagnostic[] {
  const wanted = findRelease(apiserver)?.containerd;
  if (wanted === undefined || semver.satisfies(baseContainerd, wanted)) return [];
  const message = `the kubelet of ${apiserver} is supported with containerd ${wanted}; the base has ${baseContainerd}`;
  return [{ severity: "warning", path: "kubernetes.version", message }];
}

/**
 * Steps back from a previous build that lose data: etcd reads no data of a later minor, geth's database may not go back.
 * `previous` maps names of containers to their references in the build before.
 */
export function downgradeProblems(
  previous: Readonly<Record<string, string>>,
  containers: readonly ContainerEntry[],
): readonly Diagnostic[] {
  return containers.flatMap(({ name, image }): readonly Diagnostic[] => {
    const before = imageVersion(previous[name] ?? "");
    const now = imageVersion(image);
    if (before === undefined || now === undefined || semver.gte(now, before)) return [];
    const path = `containers.${name}.image`;
    const minorBack = semver.lt(
      `${semver.major(now)}.${semver.minor(now)}.0`,
      `${semver.major(before)}.${semver.minor(before)}.0`,
    );
    if (name === "etcd" && minorBack) {
      const message = `etcd ${now} cannot read the data of ${before}, which the previous build runs`;
      return [
        { severity: "error", path, message, hint: "restore a snapshot into a new data folder instead" },
      ];
    }
    if (name === "kube-apiserver" && minorBack) {
      const message = `kube-apiserver ${now} may not read objects that ${before} stored`;
      return [{ severity: "warning", path, message }];
    }
    if (name === "geth" && minorBack) {
      return [{ severity: "warning", path, message: `geth ${now} may not open the database of ${before}` }];
    }
    return [];
  });
}
