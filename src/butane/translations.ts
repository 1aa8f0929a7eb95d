import type { Problem } from "../ignition/problem.ts";
import type { Field, TypeSet } from "../ignition/type-table.ts";
import { type Path, pathText, type Struct, type Value } from "../ignition/value.ts";

/** Which part of the source each part of the output came from. Most configs have no problem, so nobody asks. */
export interface Translations {
  /** A path of the output and one of the source, in turn. */
  readonly noted: Path[];
  /** Made of what is noted when somebody asks for the first time, and kept up to date from then on. */
  sources: Map<string, Path> | undefined;
}

export function newTranslations(): Translations {
  return { noted: [], sources: undefined };
}

export function addTranslation({ noted, sources }: Translations, from: Path, to: Path): void {
  if (sources === undefined) noted.push(to, from);
  else sources.set(pathText(to), from);
}

/** Where a part of the output came from; undefined when nothing is known of it. */
export function findSource(translations: Translations, to: Path): Path | undefined {
  translations.sources ??= indexNoted(translations.noted);
  return translations.sources.get(pathText(to));
}

function indexNoted(noted: readonly Path[]): Map<string, Path> {
  const sources = new Map<string, Path>();
  for (let i = 0; i < noted.length; i += 2) sources.set(pathText(noted[i] as Path), noted[i + 1] as Path);
  return sources;
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
    const from = findSource(translations, problem.path);
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
