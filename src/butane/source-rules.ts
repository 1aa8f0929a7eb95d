import { type Findings, newFindings, type Problem } from "../ignition/problem.ts";
import type { TypeSet } from "../ignition/type-table.ts";
import { findInteger, findString, isTrue, type Path, type Struct, text } from "../ignition/value.ts";
import { walkConfig } from "../ignition/walk.ts";
import { bootRules } from "./boot-rules.ts";
import { checkEmbeddedConfig } from "./embedded-config.ts";
import { messages } from "./messages.ts";
import { templateOfInstance } from "./quadlet-names.ts";
import { looksDecimal } from "./typical-mode.ts";

export interface SourceRuleContext {
  /** Minor of the variant's version. */
  readonly minor: number;
  readonly ignitionMinor: number;
}

/** Judges one struct of the source. */
export type SourceRule = (struct: Struct, path: Path, find: Findings, context: SourceRuleContext) => void;

/** What Butane's rules find in a config before it is translated. */
export function sourceProblems(
  config: Struct,
  types: TypeSet,
  context: SourceRuleContext,
): readonly Problem[] {
  const find = newFindings();
  walkConfig("Config", config, types, (type, value, path) => {
    if (typeof value === "object") rules[type]?.(value as Struct, path, find, context);
  });
  return find.problems;
}

const resource: SourceRule = (struct, path, find, context) => {
  const set = ["local", "inline", "source"].filter((field) => struct[field] !== undefined);
  const last = set.at(-1);
  if (last === undefined) return;
  if (set.length > 1) {
    find.error([...path, last], messages.resourceSources);
    return;
  }
  if (context.minor >= 1 && last === "inline" && path[0] === "ignition" && path[1] === "config") {
    checkEmbeddedConfig(text(struct, "inline"), path, find, context.ignitionMinor);
  }
};

/** In 1.0 there is no `local`, and nothing embedded is looked at. */
const fileContents: SourceRule = (struct, path, find) => {
  const both = struct["inline"] !== undefined && struct["source"] !== undefined;
  find.error([...path, "inline"], both ? messages.resourceSources : undefined);
};

const filesystem: SourceRule = (struct, path, find, { minor }) => {
  if (!isTrue(struct, "with_mount_unit")) return;
  const format = text(struct, "format");
  const noFormat = format === "" ? messages.mountNoFormat : undefined;
  const noPath = text(struct, "path") === "" ? messages.mountNoPath : undefined;
  if (minor < 4) find.error([...path, "path"], noPath);
  find.error([...path, "format"], noFormat);
  if (minor >= 4 && format !== "" && format !== "swap") find.error([...path, "path"], noPath);
};

const mode =
  (directory: boolean): SourceRule =>
  (struct, path, find) => {
    const value = findInteger(struct, "mode");
    if (value === undefined || !looksDecimal(value, directory)) return;
    find.warn([...path, "mode"], messages.decimalMode);
  };

const tree: SourceRule = (struct, path, find) =>
  find.error(path, text(struct, "local") === "" ? messages.treeNoLocal : undefined);

const unit: SourceRule = (struct, path, find) => {
  const both = struct["contents"] !== undefined && struct["contents_local"] !== undefined;
  find.error([...path, "contents_local"], both ? messages.unitSources : undefined);
};

const quadletExtension = /\.(?:container|volume|network|kube|image|build|pod|artifact)$/u;

const quadlet: SourceRule = (struct, path, find, context) => {
  const name = text(struct, "name");
  if (!quadletExtension.test(name)) {
    find.error([...path, "name"], messages.quadletExtension);
    return;
  }
  if (templateOfInstance(name) === undefined) {
    unit(struct, path, find, context);
    return;
  }
  for (const field of ["contents", "contents_local"]) {
    const set = findString(struct, field) !== undefined;
    find.error([...path, field], set ? messages.quadletInstanceContents : undefined);
  }
};

const rules: Readonly<Record<string, SourceRule>> = {
  ...bootRules,
  Directory: mode(true),
  Dropin: unit,
  File: mode(false),
  FileContents: fileContents,
  Filesystem: filesystem,
  Quadlet: quadlet,
  Resource: resource,
  Tree: tree,
  Unit: unit,
};
