/** The sample spec as one of a full node: all roles, an image for pods, and one boot to become healthy. */
export function fullNode(spec: string): string {
  return spec
    .replace("roles: [etcd, geth]", "roles: [control-plane, worker]\n  memory: 3GiB")
    .replace(
      "name: registry.k8s.io/pause:3.10 }",
      "name: registry.k8s.io/pause:3.10 }\n  - { image: oci:.igneous/images/etcd:3.6.5-0, name: registry.k8s.io/etcd:3.6.5-0 }",
    )
    .concat("\nhealth: { tries: 1, seconds: 180 }\n");
}
