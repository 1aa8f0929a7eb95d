import { ignitionTypes, ignitionVersion } from "../ignition/ignition-types.ts";
import { type MergeEntry, mergeConfigs } from "../ignition/merge.ts";
import { type Findings, newFindings, type Problem } from "../ignition/problem.ts";
import type { Field, TypeSet } from "../ignition/type-table.ts";
import { part, type Path, pathText, type Struct, type Value, zeroStruct } from "../ignition/value.ts";
import { sugarFields } from "./sugar-fields.ts";
import type { LocalFiles } from "../core/local-files.ts";
import { addSugar } from "./sugar.ts";
import {
  addTranslation,
  camelCase,
  findCommonSource,
  findSource,
  newTranslations,
  type Translations,
} from "./translations.ts";

/** What a translation needs to know, and what it has found so far. */
export interface Translating {
  readonly source: TypeSet;
  readonly target: TypeSet;
  readonly files: LocalFiles | undefined;
  readonly translations: Translations;
  /** Problems at paths of the source. */
  readonly find: Findings;
}

export interface Translated {
  readonly config: Struct;
  readonly translations: Translations;
  readonly problems: readonly Problem[];
}

/** Translates what Butane and Ignition have in common; what only Butane has is read on the way where it belongs to a field. */
export function translateCommon(
  config: Struct,
  source: TypeSet,
  ignitionMinor: number,
  files: LocalFiles | undefined,
): Translated {
  const target = ignitionTypes(ignitionMinor);
  const translations = newTranslations((to) => findCommonSource(config, source, to));
  const translating = { source, target, files, translations, find: newFindings(), rows: new Map() };
  const result = translateStruct(translating, "Config", config, [], []);
  const ignition = part(result, "ignition");
  ignition["version"] = ignitionVersion(ignitionMinor);
  addTranslation(translations, ["version"], ["ignition", "version"]);
  addTranslation(translations, ["ignition"], ["ignition"]);
  return { config: result, translations, problems: translating.find.problems };
}

/** A field of a type, and its name in the output. */
interface Row {
  readonly field: Field;
  readonly name: string;
}

interface CommonTranslating extends Translating {
  /** The fields of each type that was met, which are the same for each of its values. */
  readonly rows: Map<string, readonly Row[]>;
}

function rowsOf({ source, rows }: CommonTranslating, type: string): readonly Row[] {
  const known = rows.get(type);
  if (known !== undefined) return known;
  const made = (source.struct(type) ?? [])
    .filter((field) => !sugarFields.has(`${type}.${field.name}`))
    .map((field) => ({ field, name: camelCase(field.name) }));
  rows.set(type, made);
  return made;
}

// The paths are where the walk is at the moment: they are copied by whoever keeps them.
type Walked = (string | number)[];

function translateStruct(
  translating: CommonTranslating,
  type: string,
  from: Struct,
  fromPath: Walked,
  toPath: Walked,
): Struct {
  const to = zeroStruct(type, translating.target);
  for (const { field, name } of rowsOf(translating, type)) {
    const value = from[field.name];
    if (typeof value !== "object") {
      if (value !== undefined) to[name] = value;
      continue;
    }
    fromPath.push(field.name);
    toPath.push(name);
    to[name] = Array.isArray(value)
      ? translateList(translating, field.type, value, fromPath, toPath)
      : translateStruct(translating, field.type, value, fromPath, toPath);
    fromPath.pop();
    toPath.pop();
  }
  addSugar(translating, type, from, to, fromPath, toPath);
  return to;
}

function translateList(
  translating: CommonTranslating,
  type: string,
  items: readonly Value[],
  fromPath: Walked,
  toPath: Walked,
): Value[] {
  return items.map((item, index) => {
    if (typeof item !== "object") return item;
    fromPath.push(index);
    toPath.push(index);
    const translated = translateStruct(translating, type, item as Struct, fromPath, toPath);
    fromPath.pop();
    toPath.pop();
    return translated;
  });
}

/** Puts generated parts in front of a translated config, as if the config were merged over them. */
export function mergeOver(
  generated: Struct,
  generatedFrom: Translations,
  config: Struct,
  configFrom: Translations,
  target: TypeSet,
): { readonly config: Struct; readonly translations: Translations } {
  const { result, entries } = mergeConfigs("Config", generated, config, target);
  let sources: ReadonlyMap<string, Path> | undefined;
  const inherited = (to: Path): Path | undefined => {
    sources ??= mergedSources(entries(), generatedFrom, configFrom);
    return sources.get(pathText(to));
  };
  return { config: result, translations: newTranslations(inherited) };
}

function mergedSources(
  entries: readonly MergeEntry[],
  generatedFrom: Translations,
  configFrom: Translations,
): ReadonlyMap<string, Path> {
  const sources = new Map<string, Path>();
  for (const { origin, from, to } of entries) {
    const known = findSource(origin === "parent" ? generatedFrom : configFrom, from);
    // Where both sides contributed, the written config is what a person can look at.
    if (known === undefined || (origin === "parent" && sources.has(pathText(to)))) continue;
    sources.set(pathText(to), known);
  }
  return sources;
}
