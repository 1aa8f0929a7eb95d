import { specJsonSchema } from "../spec/schema.ts";

/** JSON schema of a document that people write, for their editor. */
export function jsonSchema(_document: "spec"): Readonly<Record<string, unknown>> {
  return specJsonSchema();
}
