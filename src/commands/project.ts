import { join } from "node:path";
import { type Digest, digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { Diagnostic } from "../core/report.ts";
import { parsePath } from "../core/schema-problems.ts";
import { readText } from "../host/files.ts";
import type { ContainerEntry } from "../containers/container-entry.ts";
import { expandContainers } from "../containers/expand.ts";
import { combineFeatures } from "../containers/features.ts";
import { podImages } from "../containers/static-pod.ts";
import { type Difference, diffLock, type Wanted } from "../lock/diff.ts";
import { readLock } from "../lock/file.ts";
import type { Lock } from "../lock/schema.ts";
import type { SourceOptions } from "../oci/source.ts";
import { type LoadedSpec, parseSpec, refuse } from "../spec/load.ts";
import { askedSourceAmis } from "./asked-source-amis.ts";
import { cloudCredentials } from "./registry-credentials.ts";
import { shapeOf } from "../spec/shape.ts";
import { type FindShape, withFields } from "./spec-changes.ts";

export const specFileName = "igneous.yaml";

/** A template of the spec, as its file has it. */
export interface Template {
  readonly path: string;
  readonly source: string;
  readonly digest: Digest;
}

/** An image for pods, and the name by which they ask for it. */
export interface Preload {
  readonly image: string;
  readonly name: string;
}

/** A project folder that was read and checked: the spec, what it expands to, and its templates. */
export interface Project {
  readonly folder: string;
  readonly loaded: LoadedSpec;
  readonly containers: readonly ContainerEntry[];
  /** What is odd about the spec, but no error. */
  readonly warnings: readonly Diagnostic[];
  readonly preload: readonly Preload[];
  readonly imageTemplate: Template | undefined;
  readonly launchTemplate: Template | undefined;
  readonly wanted: Wanted;
  /** What of the spec shapes the image: what the spec's digest in the lock is of. */
  readonly shape: Json;
}

const specLimit = 1024 * 1024;

/** Reads the spec of a folder with its templates. Problems of the spec come with their lines. */
export async function loadProject(folder: string): Promise<Project> {
  const loaded = parseSpec(specFileName, await readSpec(folder));
  const { spec } = loaded;
  const expanded = expandContainers(spec);
  refuse(loaded.file, loaded.source, located(loaded, expanded.diagnostics));
  const imageTemplate = await readTemplate(folder, loaded, "image");
  const launchTemplate = await readTemplate(folder, loaded, "launch");
  const templates = [imageTemplate, launchTemplate].filter((template) => template !== undefined);
  const preload = preloads(spec, expanded.containers);
  const optional = combineFeatures(spec.features ?? []);
  const shape = shapeOf(spec);
  const references = [...expanded.containers, ...preload].map(({ image }) => image);
  return {
    folder,
    loaded,
    containers: expanded.containers,
    warnings: expanded.diagnostics.filter(({ severity }) => severity === "warning"),
    preload,
    imageTemplate,
    launchTemplate,
    wanted: {
      name: spec.name,
      platform: spec.platform,
      spec: digestOf(canonicalJson(shape)),
      templates: {
        ...Object.fromEntries(templates.map(({ path, digest }) => [path, digest])),
        ...(await localsOf({ folder, loaded }, templates)),
      },
      references: [...new Set(references)].sort(),
      suite: spec.base.debian.suite,
      sourceAmis: askedSourceAmis(spec).map(({ asked, region }) => ({ asked, region })),
      requestedPackages: [...new Set([...spec.base.debian.packages, ...optional.packages])].sort(),
    },
    shape,
  };
}

/** The lock of a project, only when it matches the spec; else `lock-stale` with every difference. */
export async function requireLock(project: Project, older?: FindShape): Promise<Lock> {
  const lock = await readLock(project.folder);
  const differences = await withFields(project, diffLock(lock, project.wanted), older);
  if (differences.length === 0) return lock;
  const message = `images.lock.json does not match ${specFileName}:\n${describeDifferences(differences)}`;
  throw new IgneousError("lock-stale", message, { hint: "run: igneous lock" });
}

/** One line for each difference, as people read it. */
export function describeDifferences(differences: readonly Difference[]): string {
  return differences
    .map(({ what, locked, wanted }) => {
      if (locked === null) return `  + ${what}: ${wanted}`;
      if (wanted === null) return `  - ${what}: no longer in the spec`;
      return `  ~ ${what}: locked ${locked}, now ${wanted}`;
    })
    .join("\n");
}

/** How the project's images are reached. */
export function sourceOptions({ folder, loaded }: Project): SourceOptions {
  return { folder, registries: loaded.spec.registries, credentialSource: cloudCredentials };
}

/** Files that templates embed. Most embed none, and then Butane need not be loaded for it. */
async function localsOf(
  project: Pick<Project, "folder" | "loaded">,
  templates: readonly Template[],
): Promise<Readonly<Record<string, Digest>>> {
  const embedding = templates.filter(({ source }) => /local|trees/u.test(source));
  if (embedding.length === 0) return {};
  const { localInputs } = await import("./local-inputs.ts");
  return localInputs(project, embedding);
}

/** What pods may use without a pull: what the spec names, and the images of the node's own pods. */
function preloads(spec: LoadedSpec["spec"], containers: readonly ContainerEntry[]): readonly Preload[] {
  const { runtime, imageRepository } = spec.kubernetes;
  const named = spec.preload.map((item) => (typeof item === "string" ? { image: item, name: item } : item));
  const own = podImages(containers, runtime, imageRepository);
  return [...new Map([...own, ...named].map((preload) => [preload.name, preload])).values()];
}

async function readSpec(folder: string): Promise<string> {
  try {
    return await readText(join(folder, specFileName), specLimit);
  } catch (error) {
    if (!(error instanceof IgneousError) || error.code !== "file-not-found") throw error;
    throw new IgneousError("file-not-found", `there is no ${specFileName} in ${folder}`, {
      hint: "make one with: igneous init, or name its folder with --project",
    });
  }
}

async function readTemplate(
  folder: string,
  loaded: LoadedSpec,
  use: "image" | "launch",
): Promise<Template | undefined> {
  const path = loaded.spec.butane[use];
  if (path === undefined) return undefined;
  try {
    const source = await readText(join(folder, path), specLimit);
    return { path, source, digest: digestOf(source) };
  } catch (error) {
    if (!(error instanceof IgneousError)) throw error;
    const hint = `write ${path} beside ${specFileName} (igneous init DIR makes one), or take the line out`;
    const message = error.message.replace(join(folder, path), path);
    const problem = { severity: "error", path: `butane.${use}`, message, hint } as const;
    refuse(loaded.file, loaded.source, located(loaded, [problem]));
    throw error;
  }
}

/** Problems with a path of the spec, moved to the line that the path stands at. */
export function located(loaded: LoadedSpec, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) => {
    const position = loaded.document.positionOf(parsePath(diagnostic.path ?? ""));
    return { ...diagnostic, ...(position === undefined ? {} : { position }) };
  });
}
