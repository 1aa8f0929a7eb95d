import type { Diagnostic } from "./report.ts";
import { findSuggestion } from "./suggest.ts";
import type { ValuePath, YamlDocument } from "./yaml.ts";

/** The parts of a zod issue that a message is made of, so that core needs no zod. */
interface SchemaIssue {
  readonly code?: string | undefined;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly keys?: readonly string[];
  readonly values?: readonly unknown[];
  /** Of a value that may have one of several forms: what is wrong with it as each of them. */
  readonly errors?: readonly (readonly SchemaIssue[])[];
}

/** Problems that a schema found, each at its place in the document; an unknown key gets the key that was meant. */
export function schemaProblems(
  issues: readonly SchemaIssue[],
  document: YamlDocument,
  keysAt: (path: ValuePath) => readonly string[],
): readonly Diagnostic[] {
  const found = issues.flatMap(meantForm).flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [atValue(issue, document)];
    return (issue.keys ?? []).map((key) => unknownKey(key, issue.path, document, keysAt(issue.path)));
  });
  return found.sort((a, b) => (a.position?.line ?? 0) - (b.position?.line ?? 0));
}

/** What is wrong with a value as the form that was meant: one that it fits outside, else one that is of its type. */
function meantForm(issue: SchemaIssue): readonly SchemaIssue[] {
  const forms = issue.errors ?? [];
  const meant =
    forms.find((form) => form.some(({ path, code }) => path.length > 0 || code === "unrecognized_keys")) ??
    forms.find((form) => form.every(({ code }) => code !== "invalid_type"));
  if (meant === undefined) return [issue];
  return meant.flatMap((one) => meantForm({ ...one, path: [...issue.path, ...one.path] }));
}

function atValue(issue: SchemaIssue, document: YamlDocument): Diagnostic {
  const position = document.positionOf(issue.path);
  const message = issue.message
    .replace(/^Invalid (?:input|option): /u, "")
    .replace(/^expected (.*), received undefined$/u, "missing; wanted $1");
  return {
    severity: "error",
    path: renderPath(issue.path),
    message,
    ...(position === undefined ? {} : { position }),
  };
}

function unknownKey(
  key: string,
  path: ValuePath,
  document: YamlDocument,
  known: readonly string[],
): Diagnostic {
  const position = document.positionOfKey([...path, key]);
  const meant = findSuggestion(key, known);
  const hint = meant === undefined ? `the keys here are: ${known.join(", ")}` : `did you mean '${meant}'?`;
  return {
    severity: "error",
    path: renderPath(path),
    message: `unknown key '${key}'`,
    ...(position === undefined ? {} : { position }),
    ...(known.length === 0 ? {} : { hint }),
  };
}

/** `containers.etcd.mounts[0].source` */
export function renderPath(path: ValuePath): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
}

/** The reverse of {@link renderPath}, for keys without dots and brackets. */
export function parsePath(path: string): ValuePath {
  const parts = path.match(/[^.[\]]+/gu) ?? [];
  return parts.map((part) => (/^\d+$/u.test(part) ? Number(part) : part));
}
