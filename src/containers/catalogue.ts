import type { ContainerEntry } from "./container-entry.ts";
import type { NodeSpec } from "./container-spec.ts";
import { etcdEntry } from "./catalogue-etcd.ts";
import { gethEntry } from "./catalogue-geth.ts";
import { controlPlaneEntries } from "./catalogue-control-plane.ts";
import { nodeEntries } from "./catalogue-node.ts";
import type { KubernetesRelease } from "./kubernetes-releases.ts";

/** What the entries of the catalogue are made from. */
export interface CatalogueInput {
  readonly version: string;
  readonly release: KubernetesRelease;
  readonly imageRepository: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly geth: NodeSpec["geth"];
}

/** The containers that a node has when its spec says nothing about them, in the order in which they start. */
export function catalogue(input: CatalogueInput): readonly ContainerEntry[] {
  return [etcdEntry(input), ...controlPlaneEntries(input), ...nodeEntries(input), gethEntry(input)];
}

export const catalogueNames: readonly string[] = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "geth",
];

/** Upstream publishes no kubelet image beside the others; this one is built from the same releases. */
const upstreamKubelet = "ghcr.io/siderolabs/kubelet";

/** The reference of a Kubernetes image, by kubeadm's rule: repository, component, `v` and version. */
export function kubernetesImage(input: CatalogueInput, component: string): string {
  if (component === "kubelet" && input.imageRepository === "registry.k8s.io") {
    return `${upstreamKubelet}:v${input.version}`;
  }
  return `${input.imageRepository}/${component}:v${input.version}`;
}
