import { dirname, join } from "node:path";
import { renderTemplateMapped } from "../butane/template.ts";
import { type TranslatedButane, translateButane } from "../butane/translate-butane.ts";
import { combineFeatures } from "../containers/features.ts";
import type { LocalFiles } from "../core/local-files.ts";
import type { Diagnostic } from "../core/report.ts";
import { ownArguments } from "../disk/sysroot.ts";
import { openLocalFiles } from "../host/local-files.ts";
import { applyKernelArguments, planTree } from "../ignition/apply.ts";
import type { BaseTree } from "../ignition/base-tree.ts";
import type { PlannedNode, Refusal } from "../ignition/tree-plan.ts";
import { treeOfPaths, type TreeNode } from "../ostree/tree.ts";
import { refuse } from "../spec/load.ts";
import type { Project, Template } from "./project.ts";
import {
  adviseMissing,
  bootRoles,
  requireVariables,
  type Variables,
  variablesOf,
} from "./template-variables.ts";

/** The newest Ignition spec that the node's Ignition (Debian's 2.14) reads. */
const newestSpec = "3.3";

export interface ImageConfiguration {
  /** The trees to lay over a host tree, one after the other: what is taken away, if anything is, and what is added. */
  readonly layOver: (base: BaseTree) => { readonly removed: readonly TreeNode[]; readonly added: TreeNode };
  /** The arguments of the spec, changed as the template says. */
  readonly kernelArguments: (given: readonly string[]) => readonly string[];
  readonly warnings: readonly Diagnostic[];
}

/** What the image-time template asks for. What no image can have is refused at once, what depends on the base when it is known. */
export function renderImageTemplate(project: Project): ImageConfiguration | undefined {
  const { imageTemplate } = project;
  if (imageTemplate === undefined) return undefined;
  const { ignition, diagnostics, locate } = translateTemplate(
    project,
    imageTemplate,
    variablesOf(project.loaded, {}),
  );
  const refuseParts = (parts: readonly Refusal[]): void =>
    refuse(
      imageTemplate.path,
      imageTemplate.source,
      parts.map(({ path, message }) => ({ severity: "error", message, position: locate(path) })),
    );
  const needed = (ignition.kernelArguments?.shouldNotExist ?? []).flatMap(
    (word, index): readonly Refusal[] =>
      ownArguments.includes(word)
        ? [{ path: ["kernelArguments", "shouldNotExist", index], message: `no image boots without ${word}` }]
        : [],
  );
  refuseParts([...planTree(ignition, undefined).refused, ...needed]);
  return {
    layOver: (base) => {
      const { removed, nodes, refused } = planTree(ignition, base);
      refuseParts(refused);
      const absent = removed.map((path) => [path, { kind: "absent" }] as const);
      return {
        removed: absent.length === 0 ? [] : [treeOfPaths(absent)],
        added: treeOfPaths(nodes.map((node) => [node.path, treeNode(node)])),
      };
    },
    kernelArguments: (given) => applyKernelArguments(given, ignition),
    warnings: diagnostics,
  };
}

/** The kernel arguments of an image: those of its features and its spec, changed as the template says. */
export function kernelArgumentsOf(
  { loaded: { spec } }: Project,
  configuration: ImageConfiguration | undefined,
): readonly string[] {
  const given = [...combineFeatures(spec.features ?? []).kernelArguments, ...spec.kernelArguments];
  return configuration?.kernelArguments(given) ?? given;
}

/** What the templates of a project say, for a build and the machine that the boot check starts. */
export interface RenderedTemplates {
  readonly configuration: ImageConfiguration | undefined;
  /** The Ignition config of the boot check's machine. */
  readonly launch: string;
  readonly warnings: readonly Diagnostic[];
}

/** Renders and translates every template and judges the variables, before any work is done that an error would waste. */
export function renderTemplates(project: Project): RenderedTemplates {
  const configuration = renderImageTemplate(project);
  const { json, diagnostics } = translateLaunch(project, { roles: bootRoles(project.loaded.spec) });
  // After the templates: a name that is misspelt in a template leaves the spec's without use, and is the cause.
  requireVariables(project);
  return { configuration, launch: json, warnings: [...(configuration?.warnings ?? []), ...diagnostics] };
}

/** Any template by itself, with the spec's variables as they are; the image-time one is also judged as that. */
export function renderOneTemplate(
  project: Project,
  template: Pick<Template, "path" | "source">,
  options: { readonly strict: boolean; readonly ignitionMax: string | undefined },
): TranslatedButane {
  if (template.path === project.imageTemplate?.path) renderImageTemplate(project);
  const { strict, ignitionMax = newestSpec } = options;
  return translateTemplate(project, template, variablesOf(project.loaded, {}), { strict, ignitionMax });
}

/** The launch-time template as the Ignition config that a first boot reads; without a template, one that says nothing. */
export function renderLaunchTemplate(project: Project, overrides: Variables): string {
  return translateLaunch(project, overrides).json;
}

function translateLaunch(
  project: Project,
  overrides: Variables,
): { readonly json: string; readonly diagnostics: readonly Diagnostic[] } {
  const { launchTemplate } = project;
  if (launchTemplate === undefined) {
    return { json: `${JSON.stringify({ ignition: { version: `${newestSpec}.0` } })}\n`, diagnostics: [] };
  }
  const { json, diagnostics } = translateTemplate(
    project,
    launchTemplate,
    variablesOf(project.loaded, overrides),
  );
  return { json: `${json}\n`, diagnostics };
}

interface TranslateOptions {
  readonly strict?: boolean;
  readonly ignitionMax?: string;
  readonly files?: LocalFiles;
}

/** Handlebars, then Butane, with the files beside the template. */
export function translateTemplate(
  project: Pick<Project, "folder" | "loaded">,
  { path: file, source }: Pick<Template, "path" | "source">,
  variables: Variables,
  options: TranslateOptions = {},
): TranslatedButane {
  const { text, templateLine } = renderTemplateMapped(source, {
    file,
    variables,
    adviseMissing: (name) => adviseMissing(project, name),
  });
  const files = openLocalFiles(dirname(join(project.folder, file)), project.folder);
  return translateButane(text, {
    file,
    files,
    ignitionMax: newestSpec,
    templateLine,
    shown: source,
    ...options,
  });
}

function treeNode(node: PlannedNode): TreeNode {
  if (node.kind === "symlink") return { kind: "symlink", target: node.target, uid: node.uid, gid: node.gid };
  const { mode, uid, gid } = node;
  if (node.kind === "directory") return { kind: "directory", mode, uid, gid, entries: new Map() };
  return { kind: "file", contents: node.contents, mode, uid, gid };
}
