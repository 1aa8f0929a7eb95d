import { paths } from "./container-entry.ts";
import { section } from "./unit.ts";

interface NodeUnit {
  readonly name: string;
  readonly contents: string;
}

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
