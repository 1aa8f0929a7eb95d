import type { LocalFiles } from "../core/local-files.ts";
import type { Position, Severity } from "../core/report.ts";
import { ignitionTypes } from "../ignition/ignition-types.ts";
import { lowerConfig } from "../ignition/lower.ts";
import { isFatal, newFindings, type Problem } from "../ignition/problem.ts";
import { duplicateProblems, ruleProblems } from "../ignition/rules.ts";
import { findUnusedKeys, mapSource, type SourceMap } from "../ignition/source-map.ts";
import type { TypeSet } from "../ignition/type-table.ts";
import { part, type Path, type Struct } from "../ignition/value.ts";
import { writeJson } from "../ignition/write-json.ts";
import { generateBootDevice } from "./boot-device.ts";
import { butaneTypes, type FcosVersion } from "./butane-types.ts";
import { decodeYaml } from "./decode.ts";
import { generateGrubUsers } from "./grub.ts";
import { readHeader } from "./header.ts";
import { hintFor } from "./hints.ts";
import { generateMountUnits } from "./mount-units.ts";
import { checkPartitions } from "./partition-checks.ts";
import { addQuadlets } from "./quadlets.ts";
import { sourceProblems } from "./source-rules.ts";
import { mergeOver, translateCommon } from "./translate.ts";
import { atSource, findSource, type Translations } from "./translations.ts";
import { addTrees } from "./trees.ts";
import { YamlError } from "./yaml-cursor.ts";
import type { YamlNode } from "./yaml-node-parts.ts";

/** A problem of a Butane config, with its place in the text. */
export interface ButaneEntry {
  readonly severity: Severity;
  readonly path: Path;
  readonly message: string;
  readonly position: Position | undefined;
  /**
   * What to do about it, where that is known; not in butane's own words: it has none for this. Worked out only for those
   * who ask: a config may have ten thousand problems, and programs want butane's words only.
   */
  readonly findHint: () => string | undefined;
}

export interface ButaneResult {
  readonly entries: readonly ButaneEntry[];
  /** Why there is no output, in Butane's words; undefined when there is one. */
  readonly failure: string | undefined;
  readonly output: ButaneOutput | undefined;
}

export interface ButaneOutput {
  readonly config: Struct;
  readonly types: TypeSet;
  readonly json: (pretty: boolean) => string;
  /** Where a part of the output comes from in the source. */
  readonly locate: (path: Path) => Position;
}

const sourceInvalid = "source config is invalid";
const outputInvalid = "config generated was invalid";

/**
 * Translates a Butane config of variant `fcos`, as butane 0.29 does, message for message. With `ignitionMax` (a minor) the
 * output is in the lowest spec version that the config needs, and what needs a higher one than that is an error.
 */
export function runButane(
  bytes: Uint8Array,
  files: LocalFiles | undefined,
  ignitionMax?: number,
): ButaneResult {
  const header = readHeader(bytes);
  if ("failure" in header) return failed([], header.failure);
  const { root, version } = header;
  const types = butaneTypes(version.minor);
  const decoded = decodeConfig(root, types, version);
  if (typeof decoded === "string") return failed([], decoded);
  const source = mapSource(root);
  const entries: ButaneEntry[] = [];
  const add = (problems: readonly Problem[]): boolean => {
    for (const problem of problems) entries.push(entryOf(problem, source.positionOf(problem.path), types));
    return isFatal(problems);
  };
  addUnusedKeys(decoded, types, source, entries);
  const context = { minor: version.minor, ignitionMinor: version.ignitionMinor };
  if (add(sourceProblems(decoded, types, context))) return failed(entries, sourceInvalid);
  const translated = translateAll(decoded, types, version, files);
  if (add(translated.problems)) return failed(entries, sourceInvalid);
  const { config, translations } = translated;
  const target = ignitionTypes(version.ignitionMinor);
  const outputProblems = [...duplicateProblems(config, target), ...ruleProblems(config, target)];
  if (add(atSource(outputProblems, translations))) return failed(entries, outputInvalid);
  const locate = (path: Path): Position => source.positionOf(findSource(translations, path) ?? path);
  if (ignitionMax === undefined)
    return { entries, failure: undefined, output: outputOf(config, target, locate) };
  const lowered = lowerConfig(config, target, ignitionMax);
  if ("config" in lowered) {
    return { entries, failure: undefined, output: outputOf(lowered.config, lowered.types, locate) };
  }
  add(atSource(lowered.problems, translations));
  return failed(entries, `config needs a newer Ignition than 3.${ignitionMax}`);
}

function outputOf(config: Struct, types: TypeSet, locate: (path: Path) => Position): ButaneOutput {
  return { config, types, locate, json: (pretty) => writeJson("Config", config, types, pretty) };
}

/** The typed config, or why the text is none. */
function decodeConfig(root: YamlNode, types: TypeSet, version: FcosVersion): Struct | string {
  try {
    const { value, problems } = decodeYaml(root, "Config", types, (name, list) =>
      typeName(version, name, list),
    );
    return problems.length === 0 ? value : `yaml: unmarshal errors:\n  ${problems.join("\n  ")}`;
  } catch (error) {
    if (error instanceof YamlError) return `yaml: ${error.message}`;
    throw error;
  }
}

function failed(entries: readonly ButaneEntry[], failure: string): ButaneResult {
  return { entries, failure, output: undefined };
}

const variantTypes = new Set([
  "Config",
  "BootDevice",
  "BootDeviceLuks",
  "BootDeviceMirror",
  "Grub",
  "GrubUser",
]);

/** A type as upstream's Go code calls it. */
function typeName(version: FcosVersion, name: string, list: boolean): string {
  if (["string", "int", "bool"].includes(name)) return list ? `[]${name}` : name;
  const owner = variantTypes.has(name) ? version.variantPackage : version.basePackage;
  if (list && name === "HTTPHeader") return `${owner}.HTTPHeaders`;
  return `${list ? "[]" : ""}${owner}.${name}`;
}

function addUnusedKeys(config: Struct, types: TypeSet, source: SourceMap, entries: ButaneEntry[]): void {
  const { problems, keys } = findUnusedKeys(config, types, source);
  for (const problem of problems) {
    const isKey = keys.has(problem.path);
    const position = isKey ? source.positionOfKey(problem.path) : source.positionOf(problem.path);
    entries.push(entryOf(problem, position, types));
  }
}

function entryOf(problem: Problem, position: Position, types: TypeSet): ButaneEntry {
  const { severity, path, message } = problem;
  return { severity, path, message, position, findHint: () => hintFor(message, path, types) };
}

interface TranslatedAll {
  readonly config: Struct;
  readonly translations: Translations;
  readonly problems: readonly Problem[];
}

function translateAll(
  source: Struct,
  types: TypeSet,
  version: FcosVersion,
  files: LocalFiles | undefined,
): TranslatedAll {
  const { minor, ignitionMinor } = version;
  const target = ignitionTypes(ignitionMinor);
  const common = translateCommon(source, types, ignitionMinor, files);
  const find = newFindings();
  find.problems.push(...common.problems);
  let { config, translations } = common;
  const mounts = minor >= 1 ? generateMountUnits(source, minor, target) : undefined;
  if (mounts !== undefined) {
    ({ config, translations } = mergeOver(mounts.config, mounts.translations, config, translations, target));
  }
  const translating = { source: types, target, files, translations, find };
  addTrees(translating, source, config);
  addQuadlets(translating, source, config);
  if (isFatal(find.problems)) return { config, translations, problems: find.problems };
  const boot = minor >= 3 ? generateBootDevice(source, target) : undefined;
  if (boot !== undefined) {
    ({ config, translations } = mergeOver(boot.config, boot.translations, config, translations, target));
  }
  const late = newFindings();
  checkPartitions(config, minor, late);
  if (minor >= 5) {
    const grub = generateGrubUsers(part(source, "grub"), target);
    if (grub !== undefined)
      ({ config, translations } = mergeOver(grub.config, grub.translations, config, translations, target));
  }
  return { config, translations, problems: [...find.problems, ...atSource(late.problems, translations)] };
}
