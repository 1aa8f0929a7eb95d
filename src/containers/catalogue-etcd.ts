import semver from "semver";
import type { CatalogueInput } from "./catalogue.ts";
import { type ContainerEntry, users } from "./container-entry.ts";
import { containerEntry, httpReady, pkiMount, stateMount } from "./entry-defaults.ts";

const data = "/var/lib/etcd";

/** Flags of etcd that were renamed, by its version. */
const renamed: readonly { readonly versions: string; readonly flags: readonly string[] }[] = [
  { versions: "~3.5.0", flags: ["--experimental-initial-corrupt-check=true", "--snapshot-count=10000"] },
  { versions: ">=3.6.0", flags: ["--feature-gates=InitialCorruptCheck=true"] },
];

/**
 * The etcd member of this control plane. Clients reach it from the node itself only, and so do peers unless the launch
 * configuration names several members; igneous-node then fills in who they are.
 */
export function etcdEntry(input: CatalogueInput): ContainerEntry {
  const version = etcdVersion(input.release.etcd);
  return containerEntry({
    name: "etcd",
    description: "etcd, the cluster's store",
    image: `${input.imageRepository}/etcd:${input.release.etcd}`,
    roles: ["control-plane"],
    command: ["etcd"],
    args: [
      "--name=@NODE_NAME@",
      `--data-dir=${data}`,
      "--listen-client-urls=https://127.0.0.1:2379",
      "--advertise-client-urls=https://127.0.0.1:2379",
      "--listen-peer-urls=https://@ETCD_PEER@:2380",
      "--initial-advertise-peer-urls=https://@ETCD_PEER@:2380",
      "--initial-cluster=@ETCD_CLUSTER@",
      "--listen-metrics-urls=http://127.0.0.1:2381",
      "--client-cert-auth=true",
      "--trusted-ca-file=/pki/ca.crt",
      "--cert-file=/pki/server.crt",
      "--key-file=/pki/server.key",
      "--peer-client-cert-auth=true",
      "--peer-trusted-ca-file=/pki/ca.crt",
      "--peer-cert-file=/pki/server.crt",
      "--peer-key-file=/pki/server.key",
      "--tls-min-version=TLS1.2",
      ...renamed.filter(({ versions }) => semver.satisfies(version, versions)).flatMap(({ flags }) => flags),
    ],
    mounts: [stateMount(data), pkiMount("etcd")],
    state: [{ path: data }],
    user: users.etcd,
    type: "notify",
    ready: httpReady("http://127.0.0.1:2381/readyz"),
    oomScore: -998,
    checks: [
      {
        name: "etcd-health",
        command: "curl --silent --max-time 20 http://127.0.0.1:2381/health",
        expect: { contains: '"health":"true"' },
        wait: 60,
      },
    ],
  });
}

/** `3.6.5-0` → `3.6.5`: the part after the dash is the image's build, which semver would read as a pre-release. */
export function etcdVersion(tag: string): string {
  return tag.replace(/^v/u, "").replace(/-.*$/u, "");
}
