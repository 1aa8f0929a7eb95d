import { dirname, join } from "node:path";
import { renderTemplateMapped } from "../butane/template.ts";
import { type TranslatedButane, translateButane } from "../butane/translate-butane.ts";
import type { Diagnostic } from "../core/report.ts";
import { ownArguments } from "../disk/sysroot.ts";
import { openLocalFiles } from "../host/local-files.ts";
import { applyKernelArguments, planTree } from "../ignition/apply.ts";
import type { BaseTree } from "../ignition/base-tree.ts";
import type { PlannedNode, Refusal } from "../ignition/tree-plan.ts";
import { treeOfPaths, type TreeNode } from "../ostree/tree.ts";
import { refuse } from "../spec/load.ts";
import type { Project, Template } from "./project.ts";

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
  const { ignition, diagnostics, locate } = translate(project, imageTemplate, variablesOf(project, {}));
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

/** The launch-time template as the Ignition config that a first boot reads; without a template, one that says nothing. */
export function renderLaunchTemplate(project: Project, overrides: Readonly<Record<string, unknown>>): string {
  const { launchTemplate } = project;
  if (launchTemplate === undefined)
    return `${JSON.stringify({ ignition: { version: `${newestSpec}.0` } })}\n`;
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
  { path: file, source }: Template,
  variables: Readonly<Record<string, unknown>>,
): TranslatedButane {
  const { text, templateLine } = renderTemplateMapped(source, { file, variables });
  const files = openLocalFiles(dirname(join(project.folder, file)), project.folder);
  return translateButane(text, { file, files, ignitionMax: newestSpec, templateLine, shown: source });
}

function treeNode(node: PlannedNode): TreeNode {
  if (node.kind === "symlink") return { kind: "symlink", target: node.target, uid: node.uid, gid: node.gid };
  const { mode, uid, gid } = node;
  if (node.kind === "directory") return { kind: "directory", mode, uid, gid, entries: new Map() };
  return { kind: "file", contents: node.contents, mode, uid, gid };
}
