import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { kubernetesReleases } from "../../src/containers/kubernetes-releases.ts";
import { plannedText, samplePlan, sampleSpec } from "./sample.ts";

/** The CIS Kubernetes benchmark's flags, by its numbers; the modes of files are in test/node/igneous-node.test.ts. */
const flags: readonly (readonly [id: string, container: string, flag: RegExp])[] = [
  ["1.2.5", "kube-apiserver", /^--kubelet-client-certificate=/u],
  ["1.2.6", "kube-apiserver", /^--kubelet-certificate-authority=/u],
  ["1.2.7", "kube-apiserver", /^--authorization-mode=Node,RBAC$/u],
  ["1.2.11", "kube-apiserver", /^--enable-admission-plugins=.*NodeRestriction/u],
  ["1.2.15", "kube-apiserver", /^--profiling=false$/u],
  ["1.2.16", "kube-apiserver", /^--audit-log-path=/u],
  ["1.2.17", "kube-apiserver", /^--audit-log-maxage=30$/u],
  ["1.2.18", "kube-apiserver", /^--audit-log-maxbackup=10$/u],
  ["1.2.19", "kube-apiserver", /^--audit-log-maxsize=100$/u],
  ["1.2.22", "kube-apiserver", /^--service-account-key-file=/u],
  ["1.2.23", "kube-apiserver", /^--etcd-certfile=/u],
  ["1.2.24", "kube-apiserver", /^--tls-cert-file=/u],
  ["1.2.25", "kube-apiserver", /^--client-ca-file=/u],
  ["1.2.26", "kube-apiserver", /^--etcd-cafile=/u],
  ["1.2.27", "kube-apiserver", /^--encryption-provider-config=/u],
  ["1.2.29", "kube-apiserver", /^--tls-min-version=VersionTLS12$/u],
  ["1.3.1", "kube-controller-manager", /^--terminated-pod-gc-threshold=/u],
  ["1.3.2", "kube-controller-manager", /^--profiling=false$/u],
  ["1.3.3", "kube-controller-manager", /^--use-service-account-credentials=true$/u],
  ["1.3.4", "kube-controller-manager", /^--service-account-private-key-file=/u],
  ["1.3.5", "kube-controller-manager", /^--root-ca-file=/u],
  ["1.3.7", "kube-controller-manager", /^--bind-address=127\.0\.0\.1$/u],
  ["1.4.2", "kube-scheduler", /^--bind-address=127\.0\.0\.1$/u],
  ["2.1", "etcd", /^--cert-file=/u],
  ["2.2", "etcd", /^--client-cert-auth=true$/u],
  ["2.4", "etcd", /^--peer-cert-file=/u],
  ["2.5", "etcd", /^--peer-client-cert-auth=true$/u],
  ["2.7", "etcd", /^--trusted-ca-file=\/pki\/ca\.crt$/u],
];

/** Flags that must not be there. */
const absent: readonly (readonly [id: string, container: string, flag: RegExp])[] = [
  ["1.2.1", "kube-apiserver", /^--anonymous-auth=true$/u],
  ["1.2.2", "kube-apiserver", /^--token-auth-file=/u],
  ["1.2.8", "kube-apiserver", /AlwaysAllow/u],
  ["1.2.10", "kube-apiserver", /AlwaysAdmit/u],
  ["2.3", "etcd", /^--auto-tls=true$/u],
  ["2.6", "etcd", /^--peer-auto-tls=true$/u],
];

const minors = kubernetesReleases.map(({ versions }) => versions.replace("~", ""));

describe.each(minors)("the CIS benchmark for Kubernetes %s", (version) => {
  const plan = samplePlan(sampleSpec({ kubernetes: { version, imageRepository: "registry.k8s.io" } }));
  const words = (container: string): readonly string[] => {
    const config = JSON.parse(plannedText(plan, `/usr/lib/igneous/containers/${container}/config.json`)) as {
      readonly process: { readonly args: readonly string[] };
    };
    return config.process.args;
  };

  it("has every flag that it asks for, and none that it forbids", () => {
    const missing = flags.filter(([, container, flag]) => !words(container).some((word) => flag.test(word)));
    const wrong = absent.filter(([, container, flag]) => words(container).some((word) => flag.test(word)));
    expect([...missing, ...wrong].map(([id]) => id)).toEqual([]);
  });

  it("lets anonymous requests see the health endpoints and nothing else", () => {
    const text = plannedText(plan, "/usr/lib/igneous/config/kube-apiserver/authentication.yaml");
    expect(parse(text)).toMatchObject({
      anonymous: {
        enabled: true,
        conditions: [{ path: "/livez" }, { path: "/readyz" }, { path: "/healthz" }],
      },
    });
  });

  it("has a kubelet that asks who it is talking to, and renews its certificates", () => {
    const text = plannedText(plan, "/usr/lib/igneous/config/kubelet/kubelet.yaml").replaceAll(
      /@[A-Z_]+@/gu,
      "1",
    );
    expect(parse(text)).toMatchObject({
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: "Webhook" },
      readOnlyPort: 0,
      protectKernelDefaults: true,
      makeIPTablesUtilChains: true,
      rotateCertificates: true,
      serverTLSBootstrap: true,
      tlsMinVersion: "VersionTLS12",
      seccompDefault: true,
    });
  });
});
