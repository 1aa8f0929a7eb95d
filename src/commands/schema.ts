import { specJsonSchema } from "../spec/schema.ts";
import { butaneJsonSchema } from "./schema-butane.ts";

/** JSON schema of a document that people write, for their editor. */
export function jsonSchema(document: "spec" | "butane"): Readonly<Record<string, unknown>> {
  return document === "butane" ? butaneJsonSchema() : specJsonSchema();
}
