import { ignitionTypes, ignitionVersion } from "../ignition/ignition-types.ts";
import { mergeConfigs } from "../ignition/merge.ts";
import { type Findings, newFindings, type Problem } from "../ignition/problem.ts";
import type { Field, TypeSet } from "../ignition/type-table.ts";
import {
  below,
  isZeroStruct,
  part,
  type Path,
  type Struct,
  type Value,
  zeroStruct,
} from "../ignition/value.ts";
import { sugarFields } from "./sugar-fields.ts";
import type { LocalFiles } from "../core/local-files.ts";
import { addSugar } from "./sugar.ts";
import { addTranslation, camelCase, findSource, newTranslations, type Translations } from "./translations.ts";

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
  const translating = { source, target, files, translations: newTranslations(), find: newFindings() };
  const result = translateStruct(translating, "Config", config, [], []);
  const ignition = part(result, "ignition");
  ignition["version"] = ignitionVersion(ignitionMinor);
  addTranslation(translating.translations, ["version"], ["ignition", "version"]);
  addTranslation(translating.translations, ["ignition"], ["ignition"]);
  return { config: result, translations: translating.translations, problems: translating.find.problems };
}

function translateStruct(
  translating: Translating,
  type: string,
  from: Struct,
  fromPath: Path,
  toPath: Path,
): Struct {
  const { source, target } = translating;
  const to = zeroStruct(type, target);
  for (const field of source.struct(type) ?? []) {
    if (sugarFields.has(`${type}.${field.name}`)) continue;
    const value = from[field.name];
    if (value === undefined) continue;
    const name = camelCase(field.name);
    to[name] = translateField(translating, field, value, below(fromPath, field.name), below(toPath, name));
  }
  if (!isZeroStruct(type, from, source)) addTranslation(translating.translations, fromPath, toPath);
  addSugar(translating, type, from, to, fromPath, toPath);
  return to;
}

function translateField(
  translating: Translating,
  field: Field,
  from: Value,
  fromPath: Path,
  toPath: Path,
): Value {
  if (Array.isArray(from)) {
    const items = from.map((item, index) =>
      translateItem(translating, field, item, below(fromPath, index), below(toPath, index)),
    );
    addTranslation(translating.translations, fromPath, toPath);
    return items;
  }
  return translateItem(translating, field, from, fromPath, toPath);
}

function translateItem(
  translating: Translating,
  field: Field,
  from: Value,
  fromPath: Path,
  toPath: Path,
): Value {
  if (typeof from === "object") {
    return translateStruct(translating, field.type, from as Struct, fromPath, toPath);
  }
  addTranslation(translating.translations, fromPath, toPath);
  return from;
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
  const translations = newTranslations();
  for (const { origin, from, to } of entries) {
    const known = findSource(origin === "parent" ? generatedFrom : configFrom, from);
    // Where both sides contributed, the written config is what a person can look at.
    if (known === undefined || (origin === "parent" && findSource(translations, to) !== undefined)) continue;
    addTranslation(translations, known, to);
  }
  return { config: result, translations };
}
