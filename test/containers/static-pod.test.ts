import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { expandContainers } from "../../src/containers/expand.ts";
import { renderContainers } from "../../src/containers/render-containers.ts";
import { podImageName, podImages } from "../../src/containers/static-pod.ts";
import { plannedText, sampleSpec } from "./sample.ts";

const { containers } = expandContainers(sampleSpec());
const plan = renderContainers({
  kubernetesVersion: "1.34.1",
  runtime: "static-pods",
  containers: containers.map((entry) => ({ entry, image: {} })),
});

describe("static pods", () => {
  it("leave systemd nothing but the kubelet, which is told where they are", () => {
    expect(plan.units).toEqual(["kubelet.service"]);
    expect(plan.containers.map(({ name }) => name)).toEqual(["kubelet"]);
    expect(plannedText(plan, "/usr/lib/igneous/config/kubelet/kubelet.yaml")).toContain(
      "staticPodPath: /run/igneous/static-pods",
    );
  });

  it("have the words, the user and the rights that the system container has", () => {
    const etcd = containers.find(({ name }) => name === "etcd");
    const pod: unknown = parse(plannedText(plan, "/usr/lib/igneous/static-pods/etcd/pod.yaml"));
    expect(pod).toMatchObject({
      kind: "Pod",
      metadata: { name: "etcd", namespace: "kube-system" },
      spec: {
        hostNetwork: true,
        securityContext: { runAsUser: 940, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            image: "registry.k8s.io/etcd:3.6.5-0",
            imagePullPolicy: "Never",
            args: etcd?.args,
            securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"], add: [] } },
          },
        ],
      },
    });
  });

  it("say which roles start them", () => {
    expect(plannedText(plan, "/usr/lib/igneous/static-pods/geth/roles")).toBe("worker\ngeth\n");
  });

  it("need their images preloaded, under names that pods can ask for", () => {
    const images = podImages(containers, "static-pods", "registry.k8s.io");
    expect(images.map(({ name }) => name)).not.toContain("ghcr.io/siderolabs/kubelet:v1.34.1");
    expect(images).toHaveLength(6);
    expect(podImages(containers, "system-containers", "registry.k8s.io")).toEqual([]);
    expect(podImageName("oci:.igneous/images/etcd:3.6.5-0", "oci:.igneous/images")).toBe(
      "registry.k8s.io/etcd:3.6.5-0",
    );
    expect(podImageName("oci:elsewhere/geth:v1", "oci:.igneous/images")).toBe("localhost/geth:v1");
  });
});
