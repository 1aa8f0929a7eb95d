import { stringify } from "yaml";
import type { Json } from "../core/json.ts";
import { auditPolicy } from "./audit-policy.ts";
import { paths } from "./container-entry.ts";
import { defaultPodSubnet, defaultServiceSubnet } from "./expand.ts";
import { findRelease } from "./kubernetes-releases.ts";
import type { PlannedFile } from "./payload-plan.ts";
import type { NodeRuntime } from "./static-pod.ts";
import { subnetAddress } from "./subnet.ts";

interface ConfigInput {
  readonly kubernetesVersion: string;
  readonly podSubnet?: string | undefined;
  readonly serviceSubnet?: string | undefined;
  readonly runtime?: NodeRuntime | undefined;
}

/**
 * The configuration files of the Kubernetes components, where upstream prefers files to flags. They hold placeholders,
 * which igneous-node fills in at boot while it copies them to /run.
 */
export function containerConfigFiles(
  input: ConfigInput,
): readonly (PlannedFile & { readonly container: string })[] {
  const podSubnet = input.podSubnet ?? defaultPodSubnet;
  const serviceSubnet = input.serviceSubnet ?? defaultServiceSubnet;
  return [
    configFile("kube-apiserver", "authentication.yaml", authentication(input.kubernetesVersion)),
    configFile("kube-apiserver", "audit-policy.yaml", auditPolicy()),
    configFile("kube-scheduler", "scheduler.yaml", scheduler()),
    configFile("kubelet", "kubelet.yaml", kubelet(serviceSubnet, input.runtime)),
    configFile("kube-proxy", "kube-proxy.yaml", kubeProxy(podSubnet)),
    configFile("kube-proxy", "kubeconfig", kubeProxyCredentials()),
  ];
}

function configFile(
  container: string,
  name: string,
  value: Json,
): PlannedFile & { readonly container: string } {
  // A placeholder for a number or a truth value must not stay a string.
  const contents = stringify(value, { lineWidth: 0 }).replaceAll(/"(@(?:NODE_LEASE|LEADER_ELECT)@)"/gu, "$1");
  return { container, path: `${paths.config}/${container}/${name}`, mode: 0o644, contents };
}

/** Who is nobody may ask whether the server is well, and nothing else. */
function authentication(version: string): Json {
  const paths = ["/livez", "/readyz", "/healthz"];
  return {
    apiVersion: findRelease(version)?.authenticationConfig ?? "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous: { enabled: true, conditions: paths.map((path) => ({ path })) },
  };
}

function scheduler(): Json {
  return {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    clientConnection: { kubeconfig: "/pki/kubeconfig" },
    enableProfiling: false,
    leaderElection: { leaderElect: "@LEADER_ELECT@" },
  };
}

function kubelet(serviceSubnet: string, runtime: NodeRuntime | undefined): Json {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: "/pki/ca.crt" },
    },
    authorization: { mode: "Webhook" },
    readOnlyPort: 0,
    rotateCertificates: true,
    serverTLSBootstrap: true,
    tlsMinVersion: "VersionTLS12",
    cgroupDriver: "systemd",
    clusterDNS: [subnetAddress(serviceSubnet, 10)],
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    containerLogMaxSize: "10Mi",
    enableDebuggingHandlers: true,
    enableProfilingHandler: false,
    failSwapOn: false,
    makeIPTablesUtilChains: true,
    protectKernelDefaults: true,
    resolvConf: "/run/systemd/resolve/resolv.conf",
    runtimeRequestTimeout: "5m0s",
    seccompDefault: true,
    // The default lies below the read-only /usr.
    volumePluginDir: "/var/lib/kubelet/volumeplugins",
    ...(runtime === "static-pods" ? { staticPodPath: `${paths.runtime}/static-pods` } : {}),
    nodeStatusUpdateFrequency: "@NODE_STATUS@s",
    nodeLeaseDurationSeconds: "@NODE_LEASE@",
  };
}

function kubeProxy(podSubnet: string): Json {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    bindAddress: "@NODE_IP@",
    clusterCIDR: podSubnet,
    clientConnection: { kubeconfig: "/config/kubeconfig" },
    enableProfiling: false,
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    hostnameOverride: "@NODE_NAME@",
    nodePortAddresses: ["primary"],
    // The node's own sysctls hold; a container with its own view of /sys could not set them all.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
}

/** kube-proxy acts as its node; which certificate that is changes as the kubelet renews it. */
function kubeProxyCredentials(): Json {
  const certificate = "/var/lib/kubelet/pki/kubelet-client-current.pem";
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "node", cluster: { server: "https://@API_SERVER@", "certificate-authority": "/pki/ca.crt" } },
    ],
    users: [{ name: "node", user: { "client-certificate": certificate, "client-key": certificate } }],
    contexts: [{ name: "node", context: { cluster: "node", user: "node" } }],
    "current-context": "node",
  };
}
