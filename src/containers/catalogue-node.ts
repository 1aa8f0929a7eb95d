import { type CatalogueInput, kubernetesImage } from "./catalogue.ts";
import { type ContainerEntry, paths } from "./container-entry.ts";
import type { MountSpec } from "./container-spec.ts";
import {
  configMount,
  containerEntry,
  httpReady,
  pkiMount,
  stateMount,
  versionCheck,
} from "./entry-defaults.ts";

/** kubelet and kube-proxy, which every node of a cluster has. Both wait until the node knows its cluster. */
export function nodeEntries(input: CatalogueInput): readonly ContainerEntry[] {
  return [kubelet(input), kubeProxy(input)];
}

/** Written by igneous-node once this machine has a control plane of its own or credentials for one. */
const knowsItsCluster = `${paths.runtime}/cluster`;

const kubeletPki = "/var/lib/kubelet/pki";

function kubelet(input: CatalogueInput): ContainerEntry {
  return containerEntry({
    name: "kubelet",
    description: "Kubernetes node agent",
    image: kubernetesImage(input, "kubelet"),
    roles: ["control-plane", "worker"],
    command: ["kubelet"],
    args: [
      "--config=/config/kubelet.yaml",
      "--bootstrap-kubeconfig=/pki/bootstrap-kubeconfig",
      "--kubeconfig=/var/lib/kubelet/kubeconfig",
      "--cert-dir=/var/lib/kubelet/pki",
      "--hostname-override=@NODE_NAME@",
      "--node-ip=@NODE_IP@",
      "--node-labels=@NODE_LABELS@",
    ],
    env: { NOTIFY_SOCKET: "/run/systemd/notify" },
    mounts: [
      pkiMount("kubelet"),
      configMount("kubelet"),
      shared("/var/lib/kubelet"),
      shared("/var/lib/containerd"),
      shared("/var/log"),
      shared("/run"),
      { source: "/dev", destination: "/dev", readOnly: false, propagation: "rslave" },
      { source: "/sys", destination: "/sys", readOnly: false, propagation: "rslave" },
      { source: "/etc/machine-id", destination: "/etc/machine-id", file: true },
      { source: "/usr/lib/os-release", destination: "/etc/os-release", file: true },
    ],
    state: [
      { path: "/var/lib/kubelet", mode: "0750" },
      { path: "/var/lib/containerd", mode: "0711" },
    ],
    user: 0,
    namespaces: ["mount"],
    privileged: true,
    type: "notify",
    after: ["kube-apiserver", "containerd.service", "igneous-images.service"],
    ready: httpReady("http://127.0.0.1:10248/healthz"),
    conditions: [knowsItsCluster],
    oomScore: -999,
    checks: [versionCheck("kubelet", "kubelet", "--version", `Kubernetes v${input.version}`)],
  });
}

function kubeProxy(input: CatalogueInput): ContainerEntry {
  return containerEntry({
    name: "kube-proxy",
    description: "Kubernetes service proxy",
    image: kubernetesImage(input, "kube-proxy"),
    roles: ["control-plane", "worker"],
    command: ["kube-proxy"],
    args: ["--config=/config/kube-proxy.yaml", "--hostname-override=@NODE_NAME@"],
    mounts: [
      pkiMount("kube-proxy"),
      configMount("kube-proxy"),
      // It shows the node's own certificate, which the kubelet renews there.
      { source: kubeletPki, destination: kubeletPki },
      stateMount("/run"),
    ],
    state: [{ path: kubeletPki }],
    user: 0,
    capabilities: ["CAP_NET_ADMIN", "CAP_NET_RAW"],
    namespaces: ["ipc", "mount"],
    writableSysctls: true,
    after: ["kubelet"],
    ready: httpReady("http://127.0.0.1:10256/healthz"),
    conditions: [knowsItsCluster],
    oomScore: -998,
    checks: [versionCheck("kube-proxy", "kube-proxy", "--version", `Kubernetes v${input.version}`)],
  });
}

function shared(path: string): MountSpec {
  return { source: path, destination: path, readOnly: false, propagation: "rshared" };
}
