interface LaunchFile {
  readonly path: string;
  readonly mode: number;
  readonly contents?: { readonly source: string };
}

interface Launch {
  readonly name: string;
  /** `control-plane`, `worker`, or the name of one container. */
  readonly roles: readonly string[];
  /** Address on the cable between two machines, and the card that has it. */
  readonly address?: string;
  readonly mac?: string;
  readonly nodeConfig?: readonly string[];
  readonly clusterCa?: string;
}

/** The Ignition configuration of one machine of several that start from one image. */
export function launchConfig({ name, roles, address, mac, nodeConfig = [], clusterCa }: Launch): string {
  const own = address === undefined ? [] : [`IGNEOUS_NODE_IP=${address}`];
  const files: readonly LaunchFile[] = [
    file("/etc/hostname", name),
    ...roles.map((role) => ({ path: `/etc/igneous/roles.d/${role}`, mode: 0o644 })),
    {
      ...file("/etc/igneous/node.conf", [...own, ...nodeConfig].map((line) => `${line}\n`).join("")),
      mode: 0o600,
    },
    ...(clusterCa === undefined ? [] : [file("/etc/igneous/ca.crt", clusterCa)]),
    ...(address === undefined
      ? []
      : [
          file(
            "/etc/systemd/network/20-cable.network",
            `[Match]\nMACAddress=${mac}\n\n[Network]\nAddress=${address}/24\n`,
          ),
        ]),
  ];
  return JSON.stringify({ ignition: { version: "3.3.0" }, storage: { files } });
}

function file(path: string, text: string): LaunchFile {
  return { path, mode: 0o644, contents: { source: `data:,${encodeURIComponent(text)}` } };
}
