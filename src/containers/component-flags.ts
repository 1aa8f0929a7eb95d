import semver from "semver";
import type { Diagnostic } from "../core/report.ts";
import { findSuggestion } from "../core/suggest.ts";
import type { ContainerSpec } from "./container-spec.ts";
import { flagName, flagValue } from "./flags.ts";

interface FlagFact {
  readonly component: string;
  readonly flag: string;
  /** Kubernetes versions that have the flag. */
  readonly versions: string;
  readonly instead?: string;
}

/**
 * Flags that came or went within living memory, from the CHANGELOG of each minor. A flag that is not here is taken as
 * written: the component itself refuses what it does not know, and the boot check shows it.
 */
export const componentFlags: readonly FlagFact[] = [
  went("kube-apiserver", "insecure-port", "1.24.0"),
  went("kube-apiserver", "service-account-api-audiences", "1.25.0", "--api-audiences"),
  went("kube-apiserver", "master-service-namespace", "1.26.0"),
  went("kube-apiserver", "cloud-provider", "1.33.0"),
  went("kube-apiserver", "cloud-config", "1.33.0"),
  came("kube-apiserver", "authentication-config", "1.29.0"),
  came("kube-apiserver", "authorization-config", "1.29.0"),
  came("kube-apiserver", "emulated-version", "1.31.0"),
  went("kube-controller-manager", "port", "1.24.0"),
  went("kube-controller-manager", "pod-eviction-timeout", "1.27.0"),
  went("kube-controller-manager", "enable-taint-manager", "1.27.0"),
  went("kube-controller-manager", "volume-host-cidr-denylist", "1.31.0"),
  went("kube-controller-manager", "volume-host-allow-local-loopback", "1.31.0"),
  went("kube-controller-manager", "horizontal-pod-autoscaler-upscale-delay", "1.31.0"),
  went("kube-controller-manager", "horizontal-pod-autoscaler-downscale-delay", "1.31.0"),
  went("kube-scheduler", "port", "1.24.0"),
  went("kubelet", "network-plugin", "1.24.0"),
  went("kubelet", "container-runtime", "1.27.0"),
  went("kubelet", "master-service-namespace", "1.27.0"),
  went("kubelet", "keep-terminated-pod-volumes", "1.31.0"),
  went("kubelet", "iptables-masquerade-bit", "1.31.0"),
  went("kubelet", "iptables-drop-bit", "1.31.0"),
  went("kubelet", "cloud-config", "1.34.0"),
  went("kubelet", "pod-infra-container-image", "1.35.0", "the sandbox image of containerd"),
];

/** Admission plugins that a person may name, by the versions that know them. */
export const admissionPlugins: Readonly<Record<string, string>> = {
  AlwaysAdmit: "*",
  AlwaysDeny: "*",
  AlwaysPullImages: "*",
  CertificateApproval: "*",
  CertificateSigning: "*",
  CertificateSubjectRestriction: "*",
  ClusterTrustBundleAttest: ">=1.27.0",
  DefaultIngressClass: "*",
  DefaultStorageClass: "*",
  DefaultTolerationSeconds: "*",
  DenyServiceExternalIPs: "*",
  EventRateLimit: "*",
  ExtendedResourceToleration: "*",
  ImagePolicyWebhook: "*",
  LimitPodHardAntiAffinityTopology: "*",
  LimitRanger: "*",
  MutatingAdmissionPolicy: ">=1.32.0",
  MutatingAdmissionWebhook: "*",
  NamespaceAutoProvision: "*",
  NamespaceExists: "*",
  NamespaceLifecycle: "*",
  NodeDeclaredFeatureValidator: ">=1.35.0",
  NodeRestriction: "*",
  OwnerReferencesPermissionEnforcement: "*",
  PersistentVolumeClaimResize: "*",
  PodGroupWorkloadExists: ">=1.36.0",
  PodNodeSelector: "*",
  PodSecurity: ">=1.22.0",
  PodSecurityPolicy: "<1.25.0",
  PodTolerationRestriction: "*",
  PodTopologyLabels: ">=1.33.0",
  Priority: "*",
  ResourceQuota: "*",
  RuntimeClass: "*",
  SecurityContextDeny: "<1.30.0",
  ServiceAccount: "*",
  StorageObjectInUseProtection: "*",
  TaintNodesByCondition: "*",
  ValidatingAdmissionPolicy: ">=1.26.0",
  ValidatingAdmissionWebhook: "*",
};

/** Flags and admission plugins of the spec that its Kubernetes version does not have. */
export function flagProblems(
  containers: Readonly<Record<string, ContainerSpec>>,
  version: string,
): readonly Diagnostic[] {
  return Object.entries(containers).flatMap(([name, { args = [] }]) =>
    args.flatMap((word, index) => {
      const path = `containers.${name}.args[${index}]`;
      return [...flagProblem(name, word, version, path), ...pluginProblems(name, word, version, path)];
    }),
  );
}

function flagProblem(component: string, word: string, version: string, path: string): readonly Diagnostic[] {
  const fact = componentFlags.find((known) => known.component === component && known.flag === flagName(word));
  if (fact === undefined || semver.satisfies(version, fact.versions)) return [];
  const message = `${component} ${version} has no flag --${fact.flag}; versions ${fact.versions} have it`;
  return [error(path, message, fact.instead === undefined ? undefined : `use ${fact.instead}`)];
}

function pluginProblems(
  component: string,
  word: string,
  version: string,
  path: string,
): readonly Diagnostic[] {
  const name = flagName(word) ?? "";
  if (component !== "kube-apiserver" || !/^(?:en|dis)able-admission-plugins$/u.test(name)) return [];
  return (flagValue(word) ?? "").split(",").flatMap((plugin) => {
    const versions = admissionPlugins[plugin];
    if (versions !== undefined && semver.satisfies(version, versions)) return [];
    const known = versions === undefined ? "is not known" : `is of Kubernetes ${versions}`;
    const meant = versions === undefined ? findSuggestion(plugin, Object.keys(admissionPlugins)) : undefined;
    const hint = meant === undefined ? undefined : `did you mean '${meant}'?`;
    return [error(path, `the admission plugin '${plugin}' ${known}; the cluster is ${version}`, hint)];
  });
}

function error(path: string, message: string, hint: string | undefined): Diagnostic {
  return { severity: "error", path, message, ...(hint === undefined ? {} : { hint }) };
}

function came(component: string, flag: string, since: string): FlagFact {
  return { component, flag, versions: `>=${since}` };
}

function went(component: string, flag: string, removed: string, instead?: string): FlagFact {
  return { component, flag, versions: `<${removed}`, ...(instead === undefined ? {} : { instead }) };
}
