import { describe, expect, it } from "vitest";
import type { ContainerSpec } from "../../src/containers/container-spec.ts";
import { expandContainers } from "../../src/containers/expand.ts";
import { sampleSpec } from "./sample.ts";

const expandWith = (containers: Readonly<Record<string, ContainerSpec>>) =>
  expandContainers(sampleSpec({ containers }));

describe("expandContainers", () => {
  it("gives a whole node when the spec names no container", () => {
    const { containers, diagnostics } = expandContainers(sampleSpec());
    expect(diagnostics).toEqual([]);
    expect(containers.map(({ name, image }) => `${name} ${image}`)).toEqual([
      "etcd registry.k8s.io/etcd:3.6.5-0",
      "kube-apiserver registry.k8s.io/kube-apiserver:v1.34.1",
      "kube-controller-manager registry.k8s.io/kube-controller-manager:v1.34.1",
      "kube-scheduler registry.k8s.io/kube-scheduler:v1.34.1",
      "kubelet ghcr.io/siderolabs/kubelet:v1.34.1",
      "kube-proxy registry.k8s.io/kube-proxy:v1.34.1",
      "geth docker.io/ethereum/client-go:v1.16.7",
    ]);
  });

  it("takes every image from a local layout when the image repository is one", () => {
    const kubernetes = { version: "1.34.1", imageRepository: "oci:.igneous/images" };
    const images = expandContainers(sampleSpec({ kubernetes })).containers.map(({ image }) => image);
    expect(images).toContain("oci:.igneous/images/kubelet:v1.34.1");
    expect(images).toContain("oci:.igneous/images/etcd:3.6.5-0");
  });

  it("lays single fields of the spec over the catalogue and keeps the rest", () => {
    const { containers } = expandWith({ etcd: { args: ["--snapshot-count=5000", "--log-level=warn"] } });
    const etcd = containers.find(({ name }) => name === "etcd");
    expect(etcd?.args).toContain("--client-cert-auth=true");
    expect(etcd?.args?.slice(-2)).toEqual(["--snapshot-count=5000", "--log-level=warn"]);
    expect(etcd?.user).toBe(940);
  });

  it("leaves out what is not enabled", () => {
    const names = expandWith({ geth: { enabled: false } }).containers.map(({ name }) => name);
    expect(names).not.toContain("geth");
  });

  it("takes a container of the user's own with its image's arguments", () => {
    const { containers, diagnostics } = expandWith({
      lighthouse: { image: "docker.io/sigp/lighthouse:v8.0.0" },
    });
    expect(diagnostics).toEqual([]);
    expect(containers.at(-1)).toMatchObject({
      name: "lighthouse",
      capabilities: [],
      type: "exec",
      roles: [],
    });
    expect(containers.at(-1)?.args).toBeUndefined();
  });

  it("refuses a container without an image that is not in the catalogue", () => {
    expect(expandWith({ lighthouse: {} }).diagnostics).toMatchObject([
      { severity: "error", path: "containers.lighthouse" },
    ]);
  });

  it("refuses an order after something that does not exist", () => {
    expect(expandWith({ geth: { after: ["kublet"] } }).diagnostics).toMatchObject([
      { path: "containers.geth.after[0]", message: "there is no container or unit called 'kublet'" },
    ]);
  });

  it.each(["1.31.9", "1.38.0", "2.0.0"])("refuses Kubernetes %s", (version) => {
    const kubernetes = { version, imageRepository: "registry.k8s.io" };
    const { diagnostics } = expandContainers(sampleSpec({ kubernetes }));
    expect(diagnostics).toMatchObject([{ severity: "error", path: "kubernetes.version" }]);
  });
});
