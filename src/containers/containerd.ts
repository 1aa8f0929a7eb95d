import { section } from "./unit.ts";

/** containerd's configuration for the kubelet: systemd cgroups, crun for pods too, the sandbox image that was preloaded. */
export function containerdConfig(sandboxImage: string): string {
  return `version = 2
disabled_plugins = [
  "io.containerd.internal.v1.tracing",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"
  # Written there with the node's own range as soon as the cluster has given it one, unless a configuration is there.
  conf_template = "/usr/lib/igneous/cni/bridge.conflist"

[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "crun"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun.options]
  BinaryName = "/usr/bin/crun"
  SystemdCgroup = true
`;
}

/** Keeps the configuration with the deployment: /etc is merged over upgrades, /usr is what was baked. */
export function containerdDropIn(): string {
  return section("Service", [
    "ExecStart=",
    "ExecStart=/usr/bin/containerd --config /usr/lib/igneous/containerd.toml",
    "Slice=igneous.slice",
  ]);
}

/** Go template of the CNI configuration; containerd fills in the pod range of this node. */
export function cniTemplate(): string {
  return `{
  "cniVersion": "1.0.0",
  "name": "igneous",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isGateway": true,
      "ipMasq": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/cni/networks",
        "ranges": [{{range $i, $range := .PodCIDRRanges}}{{if $i}}, {{end}}[{"subnet": "{{$range}}"}]{{end}}],
        "routes": [{{range $i, $route := .Routes}}{{if $i}}, {{end}}{"dst": "{{$route}}"}{{end}}]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true }, "snat": true }
  ]
}
`;
}
