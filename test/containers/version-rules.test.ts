import { describe, expect, it } from "vitest";
import type { ContainerSpec } from "../../src/containers/container-spec.ts";
import { expandContainers } from "../../src/containers/expand.ts";
import { kubernetesReleases } from "../../src/containers/kubernetes-releases.ts";
import { downgradeProblems, imageVersion } from "../../src/containers/version-rules.ts";
import { plannedText, samplePlan, sampleSpec } from "./sample.ts";

const minors = ["1.32.0", "1.33.4", "1.34.1", "1.35.0", "1.36.1", "1.37.0"];

const problems = (
  version: string,
  containers: Readonly<Record<string, ContainerSpec>> = {},
): readonly string[] =>
  expandContainers(
    sampleSpec({ kubernetes: { version, imageRepository: "registry.k8s.io" }, containers }),
  ).diagnostics.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);

describe("versions of Kubernetes", () => {
  it("knows each minor once", () => {
    expect(kubernetesReleases.map(({ versions }) => versions)).toEqual(
      minors.map((version) => `~${version.replace(/\d+$/u, "0")}`),
    );
  });

  it.each(minors)("has a catalogue for %s without an error", (version) => {
    expect(problems(version).filter((problem) => problem.startsWith("error"))).toEqual([]);
  });

  it.each([
    ["1.32.0", "--experimental-initial-corrupt-check=true", "apiserver.config.k8s.io/v1beta1"],
    ["1.33.4", "--experimental-initial-corrupt-check=true", "apiserver.config.k8s.io/v1beta1"],
    ["1.34.1", "--feature-gates=InitialCorruptCheck=true", "apiserver.config.k8s.io/v1\n"],
    ["1.37.0", "--feature-gates=InitialCorruptCheck=true", "apiserver.config.k8s.io/v1\n"],
  ])("speaks to the etcd and the API server of %s in their own words", (version, etcdFlag, api) => {
    const plan = samplePlan(sampleSpec({ kubernetes: { version, imageRepository: "registry.k8s.io" } }));
    expect(plannedText(plan, "/usr/lib/igneous/containers/etcd/config.json")).toContain(etcdFlag);
    expect(plannedText(plan, "/usr/lib/igneous/config/kube-apiserver/authentication.yaml")).toContain(api);
  });

  it("says that a kubelet of 1.36 wants a later containerd than the base has", () => {
    expect(problems("1.36.1")).toEqual([
      expect.stringMatching(/^warning kubernetes\.version: .*containerd >=2\.0/u),
    ]);
  });
});

describe("version skew", () => {
  const kubelet = (tag: string) =>
    problems("1.34.1", { kubelet: { image: `ghcr.io/siderolabs/kubelet:${tag}` } });

  it("takes a kubelet that is three minors older", () => {
    expect(kubelet("v1.31.9")).toEqual([]);
  });

  it.each(["v1.30.2", "v1.35.0"])("refuses kubelet %s beside an API server of 1.34", (tag) => {
    expect(kubelet(tag)).toEqual([
      expect.stringMatching(/^error containers\.kubelet\.image: .*at most 3 minors older/u),
    ]);
  });

  it("refuses a scheduler that is two minors older", () => {
    const image = "registry.k8s.io/kube-scheduler:v1.32.0";
    expect(problems("1.34.1", { "kube-scheduler": { image } })).toHaveLength(1);
  });

  it("reads the version of a tag with a digest, and none where there is none", () => {
    expect(imageVersion(`registry.k8s.io/etcd:3.6.5-0@sha256:${"0".repeat(64)}`)).toBe("3.6.5");
    expect(imageVersion("oci:.igneous/images/kubelet:v1.34.1")).toBe("1.34.1");
    expect(imageVersion("localhost:5000/kubelet")).toBeUndefined();
    expect(imageVersion("example.com/kubelet:latest")).toBeUndefined();
  });
});

describe("flags and admission plugins", () => {
  it("refuses a flag that went before this version, and takes it where it was", () => {
    const kubelet = { args: ["--pod-infra-container-image=pause"] };
    expect(problems("1.34.1", { kubelet })).toEqual([]);
    expect(problems("1.35.0", { kubelet })).toEqual([
      expect.stringMatching(/^error containers\.kubelet\.args\[0\]: kubelet 1\.35\.0 has no flag/u),
    ]);
  });

  it("refuses an admission plugin that is misspelt or gone", () => {
    const args = ["--enable-admission-plugins=NodeRestriction,SecurityContextDeny,LimitRangr"];
    expect(problems("1.34.1", { "kube-apiserver": { args } })).toEqual([
      expect.stringContaining("'SecurityContextDeny' is of Kubernetes <1.30.0"),
      expect.stringContaining("'LimitRangr' is not known"),
    ]);
  });
});

describe("downgradeProblems", () => {
  const { containers } = expandContainers(sampleSpec());

  it("refuses an etcd that is a minor older than the previous build's", () => {
    const found = downgradeProblems({ etcd: "registry.k8s.io/etcd:3.7.0-0" }, containers);
    expect(found).toMatchObject([{ severity: "error", path: "containers.etcd.image" }]);
  });

  it("warns of a geth that is a minor older, and says nothing of a patch", () => {
    expect(downgradeProblems({ geth: "ethereum/client-go:v1.17.0" }, containers)).toMatchObject([
      { severity: "warning" },
    ]);
    expect(
      downgradeProblems({ geth: "ethereum/client-go:v1.16.9", etcd: "etcd:3.6.9-0" }, containers),
    ).toEqual([]);
  });
});
