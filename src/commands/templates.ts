import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { lte } from "semver";
import { runButane } from "../butane/butane.ts";
import { renderTemplateMapped } from "../butane/template.ts";
import type { Diagnostic, Position } from "../core/report.ts";
import { openLocalFiles } from "../host/local-files.ts";
import { decodeDataUrl } from "../ignition/data-url.ts";
import { planTree } from "../ignition/apply.ts";
import type { BakedConfig, Contents, PlannedNode } from "../ignition/tree-plan.ts";
import { treeOfPaths, type TreeNode } from "../ostree/tree.ts";
import { refuse } from "../spec/load.ts";
import type { Project, Template } from "./project.ts";

/** The newest Ignition spec that the node's Ignition (Debian's 2.14) reads. */
const newestSpec = "3.3.0";

const contentLimit = 64 * 1024 * 1024;

interface Translated {
  readonly json: string;
  readonly config: BakedConfig;
  /** Throws what is wrong with parts of the config, each at its line of the template. */
  readonly refuseParts: (
    parts: readonly { readonly path: readonly (string | number)[]; readonly message: string }[],
  ) => void;
}

export interface ImageConfiguration {
  readonly tree: TreeNode;
  readonly kernelArguments: readonly string[];
}

/** The image-time template as a tree to lay over the host tree. */
export function renderImageTemplate(project: Project): ImageConfiguration | undefined {
  const { imageTemplate } = project;
  if (imageTemplate === undefined) return undefined;
  const { config, refuseParts } = translate(project, imageTemplate, variablesOf(project, {}));
  const { nodes, kernelArguments, refused } = planTree(config, readContents);
  refuseParts(refused);
  return { tree: treeOfPaths(nodes.map((node) => [node.path, treeNode(node)])), kernelArguments };
}

/** The launch-time template as the Ignition config that a first boot reads; without a template, one that says nothing. */
export function renderLaunchTemplate(project: Project, overrides: Readonly<Record<string, unknown>>): string {
  const { launchTemplate } = project;
  if (launchTemplate === undefined) return `${JSON.stringify({ ignition: { version: newestSpec } })}\n`;
  return `${translate(project, launchTemplate, variablesOf(project, overrides)).json}\n`;
}

function variablesOf(
  project: Project,
  overrides: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { spec } = project.loaded;
  const defaults = {
    hostname: spec.name,
    roles: [],
    sshKeys: [],
    nodeConfig: [],
    clusterCa: "",
    gethVolume: "",
  };
  return { ...defaults, ...spec.butane.variables, ...overrides };
}

function translate(
  project: Project,
  template: Template,
  variables: Readonly<Record<string, unknown>>,
): Translated {
  const { path: file, source } = template;
  const rendered = renderTemplateMapped(source, { file, variables });
  const files = openLocalFiles(dirname(join(project.folder, file)), project.folder);
  const { entries, failure, output } = runButane(new TextEncoder().encode(rendered.text), files);
  const atTemplate = (position: Position | undefined): { readonly position?: Position } =>
    position === undefined ? {} : { position: { ...position, line: rendered.templateLine(position.line) } };
  const diagnostics = entries.map(({ severity, message, position }): Diagnostic => {
    return { severity, message, ...atTemplate(position) };
  });
  if (output === undefined) {
    const whole: Diagnostic = { severity: "error", message: failure ?? "there is no output" };
    refuse(
      file,
      source,
      diagnostics.some(({ severity }) => severity === "error") ? diagnostics : [...diagnostics, whole],
    );
    throw new Error("butane gave neither output nor a reason");
  }
  const json = output.json(false);
  const config = JSON.parse(json) as BakedConfig & { readonly ignition: { readonly version: string } };
  const refuseParts: Translated["refuseParts"] = (parts) =>
    refuse(
      file,
      source,
      parts.map(({ path, message }) => ({ severity: "error", message, ...atTemplate(output.locate(path)) })),
    );
  if (!lte(config.ignition.version, newestSpec)) {
    const message = `this gives Ignition ${config.ignition.version}; the node reads up to ${newestSpec}: use version 1.4.0`;
    refuseParts([{ path: ["ignition", "version"], message }]);
  }
  return { json, config, refuseParts };
}

function readContents({ source = "", compression = "" }: Contents): Uint8Array | undefined {
  if (!source.startsWith("data:")) return undefined;
  const bytes = decodeDataUrl(source);
  return compression === "gzip" ? gunzipSync(bytes, { maxOutputLength: contentLimit }) : bytes;
}

function treeNode(node: PlannedNode): TreeNode {
  if (node.kind === "directory") {
    const { mode, uid, gid } = node;
    return { kind: "directory", mode, uid, gid, entries: new Map() };
  }
  if (node.kind === "symlink") return { kind: "symlink", target: node.target };
  const { contents, mode, uid, gid } = node;
  return { kind: "file", contents, mode, uid, gid };
}
