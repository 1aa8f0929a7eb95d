import { cniTemplate, containerdConfig, containerdDropIn } from "./containerd.ts";
import { paths, users } from "./container-entry.ts";
import { defaultServiceSubnet } from "./expand.ts";
import { findRelease } from "./kubernetes-releases.ts";
import { nodeUnits } from "./node-units.ts";
import type { PlannedFile } from "./payload-plan.ts";
import type { RenderInput } from "./render-containers.ts";
import { subnetAddress } from "./subnet.ts";

/** What the node itself needs to run containers: users, state directories, kernel settings, containerd and CNI. */
export function hostFiles(input: RenderInput): readonly PlannedFile[] {
  const preload = input.preload ?? [];
  const sandbox = preload.find(({ name }) => /(?:^|\/)pause:/u.test(name))?.name ?? defaultPause(input);
  return [
    file("/usr/lib/sysusers.d/igneous.conf", sysusers()),
    file("/usr/lib/tmpfiles.d/igneous.conf", tmpfiles(input)),
    file("/usr/lib/sysctl.d/90-igneous.conf", sysctls),
    file("/usr/lib/modules-load.d/igneous.conf", modules),
    file("/usr/lib/systemd/network/10-igneous-pods.network", podLinks),
    file("/usr/lib/igneous/containerd.toml", containerdConfig(sandbox)),
    file("/usr/lib/igneous/cni/bridge.conflist", cniTemplate()),
    file(`${paths.units}/containerd.service.d/10-igneous.conf`, containerdDropIn()),
    // The API server's own service; igneous-pki puts it into the serving certificate.
    file(
      "/usr/lib/igneous/service-address",
      `${subnetAddress(input.serviceSubnet ?? defaultServiceSubnet, 1)}\n`,
    ),
    file("/usr/lib/igneous/service-subnet", `${input.serviceSubnet ?? defaultServiceSubnet}\n`),
    file("/usr/lib/igneous/images.list", preload.map(({ name, archive }) => `${archive} ${name}\n`).join("")),
    ...nodeUnits().map(({ name, contents }) => file(`${paths.units}/${name}`, contents)),
  ];
}

function defaultPause(input: RenderInput): string {
  return `registry.k8s.io/pause:${findRelease(input.kubernetesVersion)?.pause ?? "3.10"}`;
}

function file(path: string, contents: string): PlannedFile {
  return { path, mode: 0o644, contents };
}

function sysusers(): string {
  return Object.entries(users)
    .map(([name, id]) => `u ${name} ${id} "igneous ${name}" - -\n`)
    .join("");
}

function tmpfiles(input: RenderInput): string {
  const lines = input.containers.flatMap(({ entry }) =>
    entry.state.map(
      ({ path, mode = "0700" }) => `d ${path} ${mode} ${entry.user ?? 0} ${entry.user ?? 0} -\n`,
    ),
  );
  const pods = `d ${paths.runtime}/static-pods 0755 0 0 -\nL /etc/kubernetes/manifests - - - - ${paths.runtime}/static-pods\n`;
  const always = [`d /var/lib/igneous 0755 0 0 -\n`, `d ${paths.runtime} 0755 0 0 -\n`];
  return [...always, ...(input.runtime === "static-pods" ? [pods] : []), ...lines].join("");
}

/** The kubelet refuses to start when the first six differ (protectKernelDefaults); the rest is for pods and geth. */
const sysctls = `kernel.keys.root_maxbytes = 25000000
kernel.keys.root_maxkeys = 1000000
kernel.panic = 10
kernel.panic_on_oops = 1
vm.overcommit_memory = 1
vm.panic_on_oom = 0
net.ipv4.ip_forward = 1
net.bridge.bridge-nf-call-iptables = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.netfilter.nf_conntrack_max = 262144
fs.inotify.max_user_instances = 8192
fs.inotify.max_user_watches = 524288
`;

const modules = `overlay
br_netfilter
nf_conntrack
nf_tables
`;

/** networkd leaves the links of pods to the CNI plugins. */
const podLinks = `[Match]
Name=veth* cni*

[Link]
Unmanaged=yes
`;
