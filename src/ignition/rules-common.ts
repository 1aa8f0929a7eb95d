import { dataUrlProblem } from "./data-url.ts";
import { cleanPath } from "./go-path.ts";
import { findQueryValue, type GoUrl, parseGoUrl } from "./go-url.ts";
import type { Findings } from "./problem.ts";
import { findString, type Path, type Struct } from "./value.ts";

/** Judges one struct of a config; `minor` is the spec version. */
export type Rule = (struct: Struct, path: Path, find: Findings, minor: number) => void;

export function pathProblem(path: string): string | undefined {
  if (path === "") return "path not specified";
  if (!path.startsWith("/")) return "path not absolute";
  return cleanPath(path) === path ? undefined : "path is not fully simplified";
}

/** Like {@link pathProblem} for a path that may be left out. */
export function optionalPathProblem(struct: Struct, field: string): string | undefined {
  const path = findString(struct, field);
  return path === undefined || path === "" ? undefined : pathProblem(path);
}

/** The schemes that a source may have, with the spec version they came in. */
const schemes: Readonly<Record<string, number>> = {
  arn: 4,
  data: 0,
  gs: 2,
  http: 0,
  https: 0,
  s3: 0,
  tftp: 0,
};

export function urlProblem(source: string, minor: number): string | undefined {
  const url = parseGoUrl(source);
  if (url === undefined) return "unable to parse url";
  const since = schemes[url.scheme];
  if (since === undefined || minor < since) return "invalid url scheme";
  if (url.scheme === "data") return dataUrlProblem(source);
  if (url.scheme === "s3") return versionProblem(url);
  return url.scheme === "arn" ? arnProblem(url) : undefined;
}

function versionProblem(url: GoUrl): string | undefined {
  return findQueryValue(url.query, "versionId") === "" ? "invalid S3 object VersionId" : undefined;
}

function arnProblem(url: GoUrl): string | undefined {
  const arn = `arn:${url.opaque}`;
  const sections = arn.split(":");
  const resource = sections.slice(5).join(":");
  const parts = arn.split("/").length;
  const malformed =
    sections.length < 6 || sections[2] !== "s3" || parts < (resource.startsWith("accesspoint/") ? 3 : 2);
  return malformed ? "invalid S3 ARN format" : versionProblem(url);
}

export function optionalUrlProblem(struct: Struct, field: string, minor: number): string | undefined {
  const source = findString(struct, field);
  return source === undefined || source === "" ? undefined : urlProblem(source, minor);
}

/** Problem of a resource that cannot do without a source. */
export function requiredSourceProblem(resource: Struct, minor: number): string | undefined {
  const source = findString(resource, "source");
  return source === undefined || source === "" ? "source is required" : urlProblem(source, minor);
}
