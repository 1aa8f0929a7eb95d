import type { Problem } from "../ignition/problem.ts";
import type { Field, TypeSet } from "../ignition/type-table.ts";
import { isZeroStruct, type Path, pathText, type Struct, type Value } from "../ignition/value.ts";
import { sugarFields } from "./sugar-fields.ts";

/** Which part of the source each part of the output came from. Most configs have no problem, so nobody asks. */
export interface Translations {
  /** A path of the output and one of the source, in turn. */
  readonly noted: Path[];
  /** The same of things that have one source with all that is in them. */
  readonly notedWhole: Path[];
  /** What is noted, by path; made when somebody asks for the first time, and of no use once more is noted. */
  index: TranslationIndex | undefined;
  /** Knows what is not noted. */
  readonly inherited: (to: Path) => Path | undefined;
}

interface TranslationIndex {
  readonly sources: ReadonlyMap<string, Path>;
  readonly whole: ReadonlyMap<string, Path>;
}

export function newTranslations(inherited: (to: Path) => Path | undefined = () => undefined): Translations {
  return { noted: [], notedWhole: [], index: undefined, inherited };
}

export function addTranslation(translations: Translations, from: Path, to: Path): void {
  translations.noted.push(to, from);
  translations.index = undefined;
}

/** Notes one source for a thing and for everything in it, set or not. What is noted of a part of it goes first. */
export function addFromCommonSource(translations: Translations, from: Path, to: Path): void {
  translations.notedWhole.push(to, from);
  translations.index = undefined;
}

/** Where a part of the output came from; undefined when nothing is known of it. */
export function findSource(translations: Translations, to: Path): Path | undefined {
  const { noted, notedWhole, inherited } = translations;
  const { sources, whole } = (translations.index ??= { sources: indexOf(noted), whole: indexOf(notedWhole) });
  const exact = sources.size === 0 ? undefined : sources.get(pathText(to));
  return exact ?? (whole.size === 0 ? undefined : findWhole(whole, to)) ?? inherited(to);
}

function findWhole(whole: ReadonlyMap<string, Path>, to: Path): Path | undefined {
  for (let depth = to.length; depth >= 0; depth--) {
    const from = whole.get(pathText(to.slice(0, depth)));
    if (from !== undefined) return from;
  }
  return undefined;
}

function indexOf(noted: readonly Path[]): ReadonlyMap<string, Path> {
  const sources = new Map<string, Path>();
  for (let i = 0; i < noted.length; i += 2) sources.set(pathText(noted[i] as Path), noted[i + 1] as Path);
  return sources;
}

/** Where a field stands in both languages: the name of each is made of the other's. */
export function findCommonSource(config: Struct, types: TypeSet, to: Path): Path | undefined {
  const from: (string | number)[] = [];
  let type = "Config";
  let value: Value = config;
  for (const step of to) {
    if (Array.isArray(value)) {
      if (typeof step !== "number") return undefined;
      from.push(step);
      value = value[step];
    } else {
      const inner: Field | undefined = typeof value === "object" ? fieldOf(types, type, step) : undefined;
      if (inner === undefined) return undefined;
      from.push(inner.name);
      value = (value as Struct)[inner.name];
      type = inner.type;
    }
    if (value === undefined) return undefined;
  }
  const isStruct = typeof value === "object" && !Array.isArray(value);
  return isStruct && isZeroStruct(type, value as Struct, types) ? undefined : from;
}

function fieldOf(types: TypeSet, type: string, step: string | number): Field | undefined {
  return types
    .struct(type)
    ?.find((field) => camelCase(field.name) === step && !sugarFields.has(`${type}.${field.name}`));
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

// There are some hundred names, and a config with ten thousand problems asks for each of them as often.
const camelNames = new Map<string, string>();

/** `size_mib` → `sizeMiB`, `home_dir` → `homeDir` */
export function camelCase(name: string): string {
  const known = camelNames.get(name);
  if (known !== undefined) return known;
  const made = inCamelCase(name);
  camelNames.set(name, made);
  return made;
}

function inCamelCase(name: string): string {
  if (!name.includes("_")) return name;
  return name.replace(/_mib$/u, "MiB").replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase());
}
