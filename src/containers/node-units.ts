import { paths } from "./container-entry.ts";
import { section } from "./unit.ts";

interface NodeUnit {
  readonly name: string;
  readonly contents: string;
}

/** Units of {@link nodeUnits} that start with the containers. */
export const nodeUnitsStarted: readonly string[] = [
  "igneous-images.service",
  "igneous-cluster.service",
  "igneous-approve.service",
  "igneous-routes.service",
];

/** The node's own units around the containers. */
export function nodeUnits(): readonly NodeUnit[] {
  return [
    { name: "igneous.target", contents: target },
    {
      name: "igneous.slice",
      contents: section("Unit", ["Description=System containers and what they need"]),
    },
    { name: "igneous-node.service", contents: node },
    { name: "igneous-images.service", contents: images },
    { name: "igneous-cluster.service", contents: cluster },
    { name: "igneous-approve.service", contents: approve },
    { name: "igneous-join.service", contents: join },
    { name: "igneous-join.timer", contents: joinAgain },
    { name: "igneous-routes.service", contents: routes },
    { name: "igneous-health.service", contents: health },
    { name: "igneous-limit.service", contents: limit },
    { name: "igneous-boot-complete.service.d/10-health.conf", contents: completeWhenHealthy },
  ];
}

const target = section("Unit", [
  "Description=System containers of this node's roles",
  "Wants=igneous-node.service",
]);

/** Everything that only the machine itself can know: its name and addresses, its keys. Runs at every boot. */
const node =
  section("Unit", [
    "Description=Identity of this node: address, keys, configuration of its containers",
    "Wants=network-online.target",
    "After=network-online.target systemd-tmpfiles-setup.service",
    `RequiresMountsFor=/var/lib/igneous`,
  ]) +
  section("Service", [
    "Type=oneshot",
    "RemainAfterExit=yes",
    "EnvironmentFile=-/etc/igneous/node.conf",
    `ExecStart=${paths.libexec}/igneous-node`,
    "SyslogIdentifier=igneous-node",
    "TimeoutStartSec=600",
  ]);

const images =
  section("Unit", [
    "Description=Preloaded images for pods",
    "Requires=containerd.service",
    "After=containerd.service",
    "ConditionFileNotEmpty=/usr/lib/igneous/images.list",
    `ConditionPathExists=|${paths.roles}/control-plane`,
    `ConditionPathExists=|${paths.roles}/worker`,
    `ConditionPathExists=|${paths.roles}/kubelet`,
  ]) +
  section("Service", [
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${paths.libexec}/igneous-images`,
    "SyslogIdentifier=igneous-images",
    "TimeoutStartSec=900",
  ]);

const onControlPlane = [
  "Requires=igneous-node.service",
  "Wants=kube-apiserver.service",
  "After=igneous-node.service kube-apiserver.service",
  `ConditionPathExists=${paths.roles}/control-plane`,
  "StartLimitIntervalSec=0",
];

const cluster =
  section("Unit", ["Description=Objects that every cluster of ours holds", ...onControlPlane]) +
  section("Service", [
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${paths.libexec}/igneous-cluster`,
    "SyslogIdentifier=igneous-cluster",
    "Restart=on-failure",
    "RestartSec=5",
    "TimeoutStartSec=600",
  ]);

const approve =
  section("Unit", ["Description=Approves the serving certificates that nodes ask for", ...onControlPlane]) +
  section("Service", [
    "Type=exec",
    `ExecStart=${paths.libexec}/igneous-approve`,
    "SyslogIdentifier=igneous-approve",
    "Restart=always",
    "RestartSec=5",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=CAP_DAC_READ_SEARCH",
  ]);

/** Ends at once where the launch configuration names no parameter. */
const join =
  section("Unit", [
    "Description=Way of workers into their cluster, by who they are to AWS",
    "Wants=network-online.target",
    "Requires=igneous-node.service",
    "After=network-online.target igneous-node.service kube-apiserver.service",
    `ConditionPathExists=|${paths.roles}/control-plane`,
    `ConditionPathExists=|${paths.roles}/worker`,
    "StartLimitIntervalSec=0",
  ]) +
  section("Service", [
    "Type=oneshot",
    "EnvironmentFile=-/etc/igneous/node.conf",
    `ExecStart=${paths.libexec}/igneous-join`,
    "SyslogIdentifier=igneous-join",
    "Restart=on-failure",
    "RestartSec=30",
    "TimeoutStartSec=600",
  ]);

/** A token lasts twice as long, so that what a worker reads is good for this long at least. */
const joinAgain =
  section("Unit", ["Description=New tokens for workers"]) +
  section("Timer", ["OnUnitInactiveSec=12h", "RandomizedDelaySec=10min"]);

const routes =
  section("Unit", [
    "Description=Routes to the pods of other nodes",
    "Requires=igneous-node.service",
    "After=igneous-node.service kubelet.service",
    `ConditionPathExists=${paths.runtime}/cluster`,
    `ConditionPathExists=${paths.containers}/kubelet`,
    "StartLimitIntervalSec=0",
  ]) +
  section("Service", [
    "Type=exec",
    `ExecStart=${paths.libexec}/igneous-routes`,
    "SyslogIdentifier=igneous-routes",
    "Restart=always",
    "RestartSec=10",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_NET_ADMIN",
  ]);

/** Not ordered after the containers: it has a limit of its own, which a start that hangs must not put off. */
const health =
  section("Unit", [
    "Description=This node is well",
    "After=basic.target igneous-node.service",
    "Wants=igneous-node.service",
  ]) +
  section("Service", [
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${paths.libexec}/igneous-health`,
    "EnvironmentFile=-/usr/lib/igneous/health.conf",
    "EnvironmentFile=-/etc/igneous/node.conf",
    "SyslogIdentifier=igneous-health",
    "TimeoutStartSec=infinity",
  ]);

/** Starts before anything that could hang, and outlives an emergency shell. */
const limit =
  section("Unit", [
    "Description=A trial boot that hangs starts again",
    "DefaultDependencies=no",
    "IgnoreOnIsolate=yes",
    "Conflicts=shutdown.target",
    "Before=shutdown.target",
  ]) +
  section("Service", [
    "Type=exec",
    "EnvironmentFile=-/usr/lib/igneous/health.conf",
    `ExecStart=${paths.libexec}/igneous-limit`,
    "SyslogIdentifier=igneous-limit",
  ]);

/** A trial boot that is not well must not be taken for good. */
const completeWhenHealthy = section("Unit", [
  "Requires=igneous-health.service",
  "After=igneous-health.service",
]);
