import semver from "semver";

/**
 * Facts of each Kubernetes minor, to be read next to upstream's own tables. Sources: kubeadm's constants.go (etcd, pause),
 * the version skew policy, and the CHANGELOG of each minor.
 */
export interface KubernetesRelease {
  /** Versions that this line speaks of. */
  readonly versions: string;
  /** Image tag of etcd that kubeadm of that minor deploys. */
  readonly etcd: string;
  /** Image tag of the pod sandbox. */
  readonly pause: string;
  /** API version of AuthenticationConfiguration, which limits anonymous requests to the health endpoints. */
  readonly authenticationConfig: "apiserver.config.k8s.io/v1beta1" | "apiserver.config.k8s.io/v1";
  /** Releases of containerd that its kubelet talks to. */
  readonly containerd: string;
}

export const kubernetesReleases: readonly KubernetesRelease[] = [
  release("~1.32.0", "3.5.24-0", "3.10", "v1beta1", ">=1.6"),
  release("~1.33.0", "3.5.24-0", "3.10", "v1beta1", ">=1.6"),
  release("~1.34.0", "3.6.5-0", "3.10.1", "v1", ">=1.7"),
  release("~1.35.0", "3.6.6-0", "3.10.1", "v1", ">=1.7"),
  release("~1.36.0", "3.6.8-0", "3.10.2", "v1", ">=2.0"),
  release("~1.37.0", "3.7.0-0", "3.10.2", "v1", ">=2.0"),
];

/** What people are told when their version is not in the table. */
export const supportedKubernetes = "1.32 to 1.37";

/** The facts of a Kubernetes version, or undefined when igneous does not know that minor. */
export function findRelease(version: string): KubernetesRelease | undefined {
  return kubernetesReleases.find(({ versions }) => semver.satisfies(version, versions));
}

function release(
  versions: string,
  etcd: string,
  pause: string,
  authentication: "v1beta1" | "v1",
  containerd: string,
): KubernetesRelease {
  const authenticationConfig = `apiserver.config.k8s.io/${authentication}` as const;
  return { versions, etcd, pause, authenticationConfig, containerd };
}
