import { IgneousError } from "../core/errors.ts";
import { type Diagnostic, hasErrors } from "../core/report.ts";
import { schemaProblems } from "../core/schema-problems.ts";
import { readYaml, type YamlDocument } from "../core/yaml.ts";
import { knownKeysAt, Spec } from "./schema.ts";

/** A spec that passed its schema, with the document that maps its values back to lines. */
export interface LoadedSpec {
  readonly file: string;
  readonly source: string;
  readonly spec: Spec;
  readonly document: YamlDocument;
}

/** Reads a spec; every problem is reported at once, each with its line. */
export function parseSpec(file: string, source: string): LoadedSpec {
  const document = readYaml(source);
  refuse(file, source, document.diagnostics);
  const parsed = Spec.safeParse(document.value ?? {});
  if (!parsed.success) {
    const diagnostics = schemaProblems(parsed.error.issues, document, (path) => knownKeysAt(path));
    refuse(file, source, diagnostics);
    throw new Error("the schema refused the spec without a reason");
  }
  return { file, source, spec: parsed.data, document };
}

/** Throws `input-invalid` with all diagnostics when one of them is an error. */
export function refuse(file: string, source: string, diagnostics: readonly Diagnostic[]): void {
  if (!hasErrors(diagnostics)) return;
  const count = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  throw new IgneousError("input-invalid", `${file} has ${count === 1 ? "an error" : `${count} errors`}`, {
    report: { file, source, diagnostics },
    hint: `correct ${file} and run the same command again`,
  });
}
