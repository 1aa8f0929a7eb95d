import type { Problem } from "../ignition/problem.ts";
import type { Field, TypeSet } from "../ignition/type-table.ts";
import { type Path, pathText, type Struct, type Value } from "../ignition/value.ts";

/** Which part of the source each part of the output came from. */
export interface Translations {
  readonly sources: Map<string, Path>;
}

export function newTranslations(): Translations {
  return { sources: new Map() };
}

export function addTranslation(translations: Translations, from: Path, to: Path): void {
  translations.sources.set(pathText(to), from);
}

/** Records one source for a generated struct and for everything in it, set or not. */
export function addFromCommonSource(
  translations: Translations,
  from: Path,
  to: Path,
  type: string,
  struct: Struct,
  types: TypeSet,
): void {
  for (const field of types.struct(type) ?? []) {
    addField(translations, from, [...to, field.name], field, struct[field.name], types);
  }
  addTranslation(translations, from, to);
}

function addField(
  translations: Translations,
  from: Path,
  to: Path,
  field: Field,
  value: Value,
  types: TypeSet,
): void {
  addTranslation(translations, from, to);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      addField(translations, from, [...to, index], { ...field, list: false }, item, types);
    }
  } else if (typeof value === "object") {
    addFromCommonSource(translations, from, to, field.type, value, types);
  }
}

/** Problems of the output as problems of the source. A path nothing is known of is taken to have the same shape in both. */
export function atSource(problems: readonly Problem[], translations: Translations): Problem[] {
  return problems.map((problem) => {
    const from = translations.sources.get(pathText(problem.path));
    return { ...problem, path: from ?? problem.path.map(snakeCase) };
  });
}

function snakeCase(part: string | number): string | number {
  if (typeof part === "number") return part;
  return part.replaceAll(/MiB|[A-Z]/gu, (capital) => `_${capital}`).toLowerCase();
}

/** `size_mib` → `sizeMiB`, `home_dir` → `homeDir` */
export function camelCase(name: string): string {
  if (!name.includes("_")) return name;
  return name.replace(/_mib$/u, "MiB").replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase());
}
