import { prettyJson } from "../core/json.ts";
import { paths } from "./container-entry.ts";
import type { PlannedFile } from "./payload-plan.ts";

/**
 * What a cluster of ours holds from its first minute, as Kubernetes objects. Each lies at its own API path, so that the
 * node can apply it with nothing but curl.
 */
export function clusterManifests(): readonly PlannedFile[] {
  return [
    // A machine with a bootstrap token may ask for a node's certificate, gets it, and may renew its own.
    binding("igneous:node-bootstrappers", "system:node-bootstrapper", "system:bootstrappers"),
    binding("igneous:approve-first", `${requests}:nodeclient`, "system:bootstrappers"),
    binding("igneous:approve-renewal", `${requests}:selfnodeclient`, "system:nodes"),
    // kube-proxy shows its node's certificate.
    binding("igneous:node-proxiers", "system:node-proxier", "system:nodes"),
    // `kubectl logs` and `exec`: the API server acts on kubelets.
    binding("igneous:apiserver-to-kubelet", "system:kubelet-api-admin", "igneous:apiserver"),
  ];
}

const requests = "system:certificates.k8s.io:certificatesigningrequests";
const api = "rbac.authorization.k8s.io/v1";

function binding(name: string, role: string, group: string): PlannedFile {
  const contents = prettyJson({
    apiVersion: api,
    kind: "ClusterRoleBinding",
    metadata: { name, labels: { "app.kubernetes.io/managed-by": "igneous" } },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
  });
  return { path: `${paths.manifests}/apis/${api}/clusterrolebindings/${name}.json`, mode: 0o644, contents };
}
