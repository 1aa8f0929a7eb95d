import { type CatalogueInput, kubernetesImage } from "./catalogue.ts";
import { type ContainerEntry, users } from "./container-entry.ts";
import {
  configMount,
  containerEntry,
  httpReady,
  pkiMount,
  stateMount,
  versionCheck,
} from "./entry-defaults.ts";

const auditLog = "/var/log/kube-apiserver";
const tls = ["--tls-min-version=VersionTLS12"];
const kubeconfigs = ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"];

/** kube-apiserver, kube-controller-manager and kube-scheduler of one control-plane node. */
export function controlPlaneEntries(input: CatalogueInput): readonly ContainerEntry[] {
  return [apiserver(input), controllerManager(input), scheduler(input)];
}

function apiserver(input: CatalogueInput): ContainerEntry {
  return component(input, "kube-apiserver", {
    description: "Kubernetes API server",
    args: [
      "--advertise-address=@NODE_IP@",
      "--bind-address=0.0.0.0",
      "--secure-port=6443",
      "--allow-privileged=true",
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--enable-bootstrap-token-auth=true",
      // Anonymous requests are let in to the health endpoints only, and nowhere else.
      "--authentication-config=/config/authentication.yaml",
      "--encryption-provider-config=/pki/encryption.yaml",
      "--audit-policy-file=/config/audit-policy.yaml",
      `--audit-log-path=${auditLog}/audit.log`,
      "--audit-log-maxage=30",
      "--audit-log-maxbackup=10",
      "--audit-log-maxsize=100",
      "--client-ca-file=/pki/ca.crt",
      "--tls-cert-file=/pki/server.crt",
      "--tls-private-key-file=/pki/server.key",
      ...tls,
      "--etcd-servers=https://127.0.0.1:2379",
      "--etcd-cafile=/pki/etcd-ca.crt",
      "--etcd-certfile=/pki/etcd-client.crt",
      "--etcd-keyfile=/pki/etcd-client.key",
      "--etcd-healthcheck-timeout=15s",
      "--etcd-readycheck-timeout=15s",
      "--kubelet-certificate-authority=/pki/ca.crt",
      "--kubelet-client-certificate=/pki/kubelet-client.crt",
      "--kubelet-client-key=/pki/kubelet-client.key",
      "--kubelet-preferred-address-types=InternalIP,Hostname",
      "--requestheader-client-ca-file=/pki/front-proxy-ca.crt",
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      "--proxy-client-cert-file=/pki/front-proxy-client.crt",
      "--proxy-client-key-file=/pki/front-proxy-client.key",
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      "--service-account-key-file=/pki/sa.pub",
      "--service-account-signing-key-file=/pki/sa.key",
      `--service-cluster-ip-range=${input.serviceSubnet}`,
      "--profiling=false",
    ],
    mounts: [pkiMount("kube-apiserver"), configMount("kube-apiserver"), stateMount(auditLog)],
    state: [{ path: auditLog }],
    user: users["kube-apiserver"],
    type: "notify",
    after: ["etcd"],
    ready: httpReady("https://127.0.0.1:6443/readyz", "--cacert /var/lib/igneous/pki/kube-apiserver/ca.crt "),
    oomScore: -997,
  });
}

function controllerManager(input: CatalogueInput): ContainerEntry {
  return component(input, "kube-controller-manager", {
    description: "Kubernetes controller manager",
    args: [
      ...kubeconfigs.map((flag) => `--${flag}=/pki/kubeconfig`),
      "--bind-address=127.0.0.1",
      "--leader-elect=@LEADER_ELECT@",
      "--controllers=*,bootstrapsigner,tokencleaner",
      "--use-service-account-credentials=true",
      "--client-ca-file=/pki/ca.crt",
      "--root-ca-file=/pki/ca.crt",
      "--requestheader-client-ca-file=/pki/front-proxy-ca.crt",
      "--cluster-signing-cert-file=/pki/ca.crt",
      "--cluster-signing-key-file=/pki/ca.key",
      "--service-account-private-key-file=/pki/sa.key",
      "--allocate-node-cidrs=true",
      `--cluster-cidr=${input.podSubnet}`,
      `--service-cluster-ip-range=${input.serviceSubnet}`,
      "--node-monitor-grace-period=@NODE_GRACE@s",
      "--terminated-pod-gc-threshold=1000",
      // Its default lies below the read-only /usr.
      "--flex-volume-plugin-dir=/tmp/volumeplugins",
      "--profiling=false",
      ...tls,
    ],
    mounts: [pkiMount("kube-controller-manager")],
    user: users["kube-controller-manager"],
    after: ["kube-apiserver"],
    ready: httpReady("https://127.0.0.1:10257/healthz", "--insecure "),
  });
}

function scheduler(input: CatalogueInput): ContainerEntry {
  return component(input, "kube-scheduler", {
    description: "Kubernetes scheduler",
    args: [
      "--config=/config/scheduler.yaml",
      "--authentication-kubeconfig=/pki/kubeconfig",
      "--authorization-kubeconfig=/pki/kubeconfig",
      "--bind-address=127.0.0.1",
      ...tls,
    ],
    mounts: [pkiMount("kube-scheduler"), configMount("kube-scheduler")],
    user: users["kube-scheduler"],
    after: ["kube-apiserver"],
    ready: httpReady("https://127.0.0.1:10259/readyz", "--insecure "),
  });
}

function component(
  input: CatalogueInput,
  name: string,
  given: Partial<ContainerEntry> & Pick<ContainerEntry, "description">,
): ContainerEntry {
  return containerEntry({
    name,
    image: kubernetesImage(input, name),
    roles: ["control-plane"],
    command: [name],
    checks: [versionCheck(name, name, "--version", `Kubernetes v${input.version}`)],
    ...given,
  });
}
