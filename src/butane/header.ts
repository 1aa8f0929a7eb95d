import { findVersion } from "../ignition/version.ts";
import { typesByVersion } from "../ignition/type-table.ts";
import { text } from "../ignition/value.ts";
import { fcosVersions, type FcosVersion } from "./butane-types.ts";
import { decodeYaml } from "./decode.ts";
import { YamlError } from "./yaml-cursor.ts";
import type { YamlNode } from "./yaml-node-parts.ts";
import { readYamlNodes } from "./yaml-nodes.ts";
import { ResolveError } from "./yaml-resolve.ts";

export type Header =
  | { readonly root: YamlNode; readonly version: FcosVersion }
  | { readonly failure: string };

/** The first look at a config reads nothing but these two keys. */
const headerTypes = typesByVersion({ commonFields: ["version string", "variant string"] })(0);

/** Variants that butane has and we do not. */
const otherVariants = ["fiot", "flatcar", "openshift", "r4e", "rhcos"];

/** Reads the text and decides which version of the variant it is. */
export function readHeader(bytes: Uint8Array): Header {
  const read = readDocument(bytes);
  if ("failure" in read) return read;
  const { root, variant, version } = read;
  if (variant === "") return { failure: "error parsing variant; must be specified" };
  const parsed = findVersion(version);
  if (parsed === undefined) return { failure: "error parsing version; must be a valid semver" };
  if (otherVariants.includes(variant)) {
    return { failure: `variant ${variant} is not supported by igneous; write the config with variant fcos` };
  }
  const known = variant === "fcos" ? fcosVersions[parsed] : undefined;
  if (known === undefined || root === undefined) {
    return { failure: `No translator exists for variant ${variant} with version ${parsed}` };
  }
  return { root, version: known };
}

type ReadDocument =
  | { readonly root: YamlNode | undefined; readonly variant: string; readonly version: string }
  | { readonly failure: string };

function readDocument(bytes: Uint8Array): ReadDocument {
  const failure = (detail: string): ReadDocument => ({ failure: `Error unmarshaling yaml: yaml: ${detail}` });
  try {
    const root = readYamlNodes(bytes);
    const { value, problems } = decodeYaml(root, "commonFields", headerTypes, (name) =>
      name === "commonFields" ? "config.commonFields" : name,
    );
    if (problems.length > 0) return failure(`unmarshal errors:\n  ${problems.join("\n  ")}`);
    return { root, variant: text(value, "variant"), version: text(value, "version") };
  } catch (error) {
    if (error instanceof YamlError || error instanceof ResolveError) return failure(error.message);
    throw error;
  }
}
