import { prettyJson } from "../core/json.ts";
import { clusterManifests } from "./cluster-manifests.ts";
import { containerConfigFiles } from "./component-config.ts";
import { checkFile, type NodeCheck } from "./check-file.ts";
import { type ContainerCheck, type ContainerEntry, paths } from "./container-entry.ts";
import { combineFeatures, type FeatureChoice } from "./features.ts";
import { type HealthLimits, healthFile } from "./health-file.ts";
import { hostFiles } from "./host-files.ts";
import type { ImageConfig } from "./image-config.ts";
import { nodeUnitsStarted } from "./node-units.ts";
import type { MountPoint, PayloadPlan, PlannedCheck, PlannedFile, PlannedLink } from "./payload-plan.ts";
import { containerMounts, renderRuntimeConfig } from "./runtime-config.ts";
import { isStaticPod, type NodeRuntime, podImageName, staticPodFiles } from "./static-pod.ts";
import { renderUnit } from "./unit.ts";

export interface RenderInput {
  readonly kubernetesVersion: string;
  readonly podSubnet?: string | undefined;
  readonly serviceSubnet?: string | undefined;
  readonly containers: readonly ResolvedContainer[];
  /** Names by which pods ask for the preloaded images; their archives lie in the images folder under these. */
  readonly preload?: readonly PreloadedImage[] | undefined;
  /** Who runs the containers of the node; the kubelet itself is always run by systemd. */
  readonly runtime?: NodeRuntime | undefined;
  /** As in the spec; names the images of static pods. */
  readonly imageRepository?: string | undefined;
  /** The spec's own checks, which decide on the node whether a boot is healthy. */
  readonly checks?: readonly NodeCheck[] | undefined;
  readonly features?: readonly FeatureChoice[] | undefined;
  readonly health?: HealthLimits | undefined;
}

/** A container whose image was pulled, so that its configuration is known. */
export interface ResolvedContainer {
  readonly entry: ContainerEntry;
  readonly image: ImageConfig;
}

export interface PreloadedImage {
  /** As in a pod: `registry.k8s.io/pause:3.10`. */
  readonly name: string;
  /** File name below `/usr/lib/igneous/images`. */
  readonly archive: string;
}

/** Everything of the payload but the images' own trees. Pure: equal input, equal plan. */
export function renderContainers(input: RenderInput): PayloadPlan {
  const names = new Set(input.containers.map(({ entry }) => entry.name));
  const pods = input.containers.filter(({ entry }) => isStaticPod(entry, input.runtime));
  const own = input.containers.filter((container) => !pods.includes(container));
  const units = own.map(({ entry }) => `${entry.name}.service`);
  const repository = input.imageRepository ?? "registry.k8s.io";
  const optional = combineFeatures(input.features ?? []);
  const files = [
    ...own.flatMap(({ entry, image }) => containerFiles(entry, image)),
    ...pods.flatMap(({ entry }) => staticPodFiles(entry, podImageName(entry.image, repository))),
    ...containerConfigFiles(input).filter(({ container }) => names.has(container)),
    ...clusterManifests(),
    ...hostFiles(input),
    ...(input.checks ?? []).map(checkFile),
    ...optional.files,
    healthFile(input.health ?? {}),
  ];
  return {
    files: files.map(({ path, mode, contents }) => ({ path, mode, contents })).sort(byPath),
    links: [
      wants("multi-user.target", "igneous.target"),
      wants("multi-user.target", "igneous-health.service"),
      // Not of igneous.target, whose units must be active for a node to be healthy: this one comes and goes.
      wants("multi-user.target", "igneous-join.service"),
      wants("timers.target", "igneous-join.timer"),
      wants("sysinit.target", "igneous-limit.service"),
      ...units.map((unit) => wants("igneous.target", unit)),
      ...nodeUnitsStarted.map((unit) => wants("igneous.target", unit)),
      ...optional.links,
    ].sort(byPath),
    directories: [paths.images],
    containers: own.map(({ entry }) => ({
      name: entry.name,
      image: entry.image,
      rootfs: `${paths.containers}/${entry.name}/rootfs`,
      mountPoints: mountPoints(entry),
    })),
    pods: pods.map(({ entry }) => ({ name: entry.name, image: entry.image })),
    units,
    checks: [
      ...own.flatMap(({ entry }) => entry.checks.map((check) => planCheck(entry, check))),
      ...pods.flatMap(({ entry }) =>
        entry.checks.filter((check) => !isVersionCheck(entry, check)).map((check) => planCheck(entry, check)),
      ),
    ],
  };
}

function containerFiles(entry: ContainerEntry, image: ImageConfig): readonly PlannedFile[] {
  const folder = `${paths.containers}/${entry.name}`;
  const ready = entry.ready === undefined ? [] : [script(`${folder}/ready`, entry.ready)];
  return [
    { path: `${folder}/config.json`, mode: 0o644, contents: prettyJson(renderRuntimeConfig(entry, image)) },
    { path: `${paths.units}/${entry.name}.service`, mode: 0o644, contents: renderUnit(entry) },
    ...ready,
  ];
}

function script(path: string, command: string): PlannedFile {
  return { path, mode: 0o755, contents: `#!/bin/sh\n${command}\n` };
}

function mountPoints(entry: ContainerEntry): readonly MountPoint[] {
  const own = containerMounts(entry).map(({ destination, file }): MountPoint => {
    return { path: destination, kind: file === true ? "file" : "directory" };
  });
  const system = ["/proc", "/dev", "/tmp"].filter((path) => !own.some((point) => point.path === path));
  const points = [...system.map((path): MountPoint => ({ path, kind: "directory" })), ...own];
  // What lies below another mount is made there, not in the image.
  return points.filter(({ path }) => !points.some((other) => path.startsWith(`${other.path}/`))).sort(byPath);
}

/** A program can be asked for its version without its role; anything else needs the container to run. */
function planCheck(entry: ContainerEntry, check: ContainerCheck): PlannedCheck {
  const always = isVersionCheck(entry, check) || entry.roles.length === 0;
  return { ...check, container: entry.name, roles: always ? [] : [...entry.roles, entry.name] };
}

/** Looks into the container's root, which a static pod has not. */
function isVersionCheck(entry: ContainerEntry, check: ContainerCheck): boolean {
  return check.name === `${entry.name}-version`;
}

function wants(target: string, unit: string): PlannedLink {
  return { path: `${paths.units}/${target}.wants/${unit}`, target: `../${unit}` };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}
