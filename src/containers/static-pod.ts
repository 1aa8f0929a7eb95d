import { stringify } from "yaml";
import type { Json } from "../core/json.ts";
import { type ContainerEntry, paths } from "./container-entry.ts";
import type { MountSpec } from "./container-spec.ts";
import type { PlannedFile } from "./payload-plan.ts";

/** An image that a pod of the node runs from: where it comes from, and by which name the pod asks for it. */
export interface PodImage {
  readonly image: string;
  readonly name: string;
}

/**
 * The name by which pods ask for an image. One from a local layout has none of its own: in the image repository of
 * Kubernetes it gets upstream's, elsewhere one below `localhost`.
 */
export function podImageName(reference: string, imageRepository: string): string {
  if (!reference.startsWith("oci:")) return reference;
  if (reference.startsWith(`${imageRepository}/`)) {
    return `registry.k8s.io${reference.slice(imageRepository.length)}`;
  }
  return `localhost/${reference.split("/").at(-1) ?? "image"}`;
}

/** Who runs the containers of a node. */
export type NodeRuntime = "system-containers" | "static-pods";

/** The kubelet cannot run itself; everything else can be its pod. */
export function isStaticPod(entry: ContainerEntry, runtime: NodeRuntime | undefined): boolean {
  return runtime === "static-pods" && !entry.privileged;
}

/** The images that must be preloaded, because pods of the node run from them. */
export function podImages(
  entries: readonly ContainerEntry[],
  runtime: NodeRuntime | undefined,
  imageRepository: string,
): readonly PodImage[] {
  return entries
    .filter((entry) => isStaticPod(entry, runtime))
    .map(({ image }) => ({ image, name: podImageName(image, imageRepository) }));
}

/**
 * The container as a static pod, for nodes whose containers the kubelet runs instead of systemd: the same image, words,
 * mounts, user and capabilities. `roles` beside it says which roles start it.
 */
export function staticPodFiles(entry: ContainerEntry, imageName: string): readonly PlannedFile[] {
  const folder = `${paths.staticPods}/${entry.name}`;
  const contents = stringify(staticPod(entry, imageName), { lineWidth: 0 });
  const ready =
    entry.ready === undefined
      ? []
      : [{ path: `${folder}/ready`, mode: 0o755, contents: `#!/bin/sh\n${entry.ready}\n` }];
  return [
    { path: `${folder}/pod.yaml`, mode: 0o644, contents },
    {
      path: `${folder}/roles`,
      mode: 0o644,
      contents: [...entry.roles, entry.name].map((role) => `${role}\n`).join(""),
    },
    ...ready,
  ];
}

function staticPod(entry: ContainerEntry, imageName: string): Json {
  const user = entry.user === undefined ? {} : { runAsUser: entry.user, runAsGroup: entry.user };
  const mounts = entry.mounts.map((mount, index) => ({ mount, name: `mount-${index}` }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: entry.name, namespace: "kube-system", labels: { component: entry.name, tier: "node" } },
    spec: {
      hostNetwork: true,
      priorityClassName: "system-node-critical",
      terminationGracePeriodSeconds: entry.stopSeconds,
      securityContext: {
        ...user,
        supplementalGroups: entry.groups,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: entry.name,
          image: imageName,
          imagePullPolicy: "Never",
          ...(entry.command === undefined ? {} : { command: entry.command }),
          ...(entry.args === undefined ? {} : { args: entry.args }),
          env: Object.entries(entry.env).map(([name, value]) => ({ name, value })),
          securityContext: {
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            privileged: false,
            capabilities: {
              drop: ["ALL"],
              add: entry.capabilities.map((name) => name.replace(/^CAP_/u, "")),
            },
            // A pod that sets the node's sysctls sees /proc as the node does.
            ...(entry.writableSysctls ? { privileged: true, allowPrivilegeEscalation: true } : {}),
          },
          volumeMounts: [
            ...mounts.map(({ mount, name }) => volumeMount(mount, name)),
            { name: "tmp", mountPath: "/tmp" },
          ],
        },
      ],
      volumes: [
        ...mounts.map(({ mount, name }) => ({ name, hostPath: { path: mount.source } })),
        { name: "tmp", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } },
      ],
    },
  };
}

function volumeMount(mount: MountSpec, name: string): Json {
  return { name, mountPath: mount.destination, readOnly: mount.readOnly !== false };
}
