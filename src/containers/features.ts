import { paths } from "./container-entry.ts";
import type { PlannedFile, PlannedLink } from "./payload-plan.ts";
import { section } from "./unit.ts";

/** What an optional feature adds: packages to the base, files and links (below /usr) to the payload, arguments to the kernel. */
export interface Feature {
  readonly packages: readonly string[];
  readonly kernelArguments: readonly string[];
  readonly files: readonly PlannedFile[];
  readonly links: readonly PlannedLink[];
}

/** Optional parts of a node, off unless the spec names them. */
export const features = {
  /** A web console on port 9090, started by the first connection. */
  cockpit: feature(
    ["cockpit-bridge", "cockpit-system", "cockpit-ws"],
    [starts("cockpit.socket", "sockets.target")],
  ),
  /** Containers by hand, beside those of the cluster. */
  podman: feature(["podman"], []),
  /** Metrics of the machine on port 9100. */
  "node-exporter": feature(
    ["prometheus-node-exporter"],
    [starts("prometheus-node-exporter.service", "multi-user.target")],
  ),
  /** A place for a program that ships logs (a file of image.bu.hbs): the journal as lines of JSON on its standard input. */
  "log-forwarder": feature(
    [],
    [starts("igneous-log-forwarder.service", "multi-user.target")],
    logForwarder(),
  ),
  /** A place for AWS's agent, which Debian does not have: put its program there, and it runs. */
  "ssm-agent": feature([], [starts("amazon-ssm-agent.service", "multi-user.target")], ssmAgent()),
} as const satisfies Readonly<Record<string, Feature>>;

export type FeatureName = keyof typeof features;

/** A feature as the spec names it; SELinux comes with its mode. */
export type FeatureChoice = FeatureName | { readonly selinux: SelinuxMode };

export type SelinuxMode = "enforcing" | "permissive";

/** All that the named features add together. */
export function combineFeatures(choices: readonly FeatureChoice[]): Feature {
  const chosen = choices.map(
    (choice): Feature => (typeof choice === "string" ? features[choice] : selinux(choice.selinux)),
  );
  return {
    packages: [...new Set(chosen.flatMap(({ packages }) => packages))].sort(),
    kernelArguments: chosen.flatMap(({ kernelArguments }) => kernelArguments),
    files: chosen.flatMap(({ files }) => files),
    links: chosen.flatMap(({ links }) => links),
  };
}

function feature(
  packages: readonly string[],
  links: readonly PlannedLink[],
  files: readonly PlannedFile[] = [],
): Feature {
  return { packages, links, files, kernelArguments: [] };
}

/** Whether the files of the image carry the labels of a policy. */
export function isLabelled(choices: readonly FeatureChoice[] | undefined): boolean {
  return choices?.some((choice) => typeof choice !== "string") ?? false;
}

/** Debian's reference policy. The mode is in its own file, where `enforcing=0` at the boot loader still wins over it. */
function selinux(mode: SelinuxMode): Feature {
  return {
    packages: ["bubblewrap", "selinux-policy-default"],
    kernelArguments: ["security=selinux"],
    files: [
      {
        path: "/usr/etc/selinux/config",
        mode: 0o644,
        contents: `SELINUX=${mode}\nSELINUXTYPE=default\n`,
      },
    ],
    links: [],
  };
}

/** Presets of the base switch everything off that is not needed; a link below /usr is beyond them. */
function starts(unit: string, target: string): PlannedLink {
  return { path: `${paths.units}/${target}.wants/${unit}`, target: `../${unit}` };
}

function logForwarder(): readonly PlannedFile[] {
  const program = `${paths.libexec}/log-forwarder`;
  const contents =
    section("Unit", [
      "Description=The journal of this boot, to a program that ships it",
      "Wants=network-online.target",
      "After=network-online.target",
      `ConditionPathExists=${program}`,
      "StartLimitIntervalSec=0",
    ]) +
    section("Service", [
      `ExecStart=/bin/sh -c 'journalctl --boot --follow --lines=all --output=json --quiet | exec ${program}'`,
      "Restart=always",
      "RestartSec=15",
      "DynamicUser=yes",
      "SupplementaryGroups=systemd-journal",
      "StateDirectory=log-forwarder",
    ]);
  return [{ path: `${paths.units}/igneous-log-forwarder.service`, mode: 0o644, contents }];
}

function ssmAgent(): readonly PlannedFile[] {
  const program = `${paths.libexec}/amazon-ssm-agent`;
  const contents =
    section("Unit", [
      "Description=AWS Systems Manager agent",
      "Wants=network-online.target",
      "After=network-online.target",
      `ConditionPathExists=${program}`,
    ]) + section("Service", [`ExecStart=${program}`, "Restart=always", "RestartSec=15", "KillMode=process"]);
  return [{ path: `${paths.units}/amazon-ssm-agent.service`, mode: 0o644, contents }];
}
