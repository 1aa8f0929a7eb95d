import { type Digest, parseDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";

/** Where an image is to be found: in a registry, or in an OCI layout on this machine. */
export type Reference = RegistryReference | LayoutReference;

/** `host[:port]/repository[:tag][@digest]`, with Docker's short names written out. */
export interface RegistryReference {
  readonly kind: "registry";
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** `oci:FOLDER[:TAG][@digest]`. The folder is as written. */
export interface LayoutReference {
  readonly kind: "layout";
  readonly folder: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`, "u");
const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const registryPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`, "u");
const tagPattern = /^\w[\w.-]{0,127}$/u;

/**
 * Reads a reference as Docker and the distribution spec write it. Neither tag nor digest means the tag `latest`.
 * https://github.com/distribution/reference
 */
export function parseReference(text: string): Reference {
  return text.startsWith("oci:") ? parseLayout(text) : parseRegistry(text);
}

function parseLayout(text: string): LayoutReference {
  const { name, digest } = splitDigest(text, text.slice("oci:".length));
  const colon = name.indexOf(":");
  const folder = colon < 0 ? name : name.slice(0, colon);
  const tag = colon < 0 ? undefined : name.slice(colon + 1);
  if (folder === "" || folder.includes("\0")) throw invalid(text, "the folder of the layout is missing");
  if (tag === "") throw invalid(text, "there is nothing after the last ':'");
  return { kind: "layout", folder, ...optional(tag, digest) };
}

function parseRegistry(text: string): RegistryReference {
  const { name: nameAndTag, digest } = splitDigest(text, text);
  const colon = nameAndTag.lastIndexOf(":");
  const hasTag = colon > nameAndTag.lastIndexOf("/");
  const name = hasTag ? nameAndTag.slice(0, colon) : nameAndTag;
  const tag = hasTag ? nameAndTag.slice(colon + 1) : undefined;
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid(text, `'${tag}' is not a tag`);
  const { registry, repository } = splitName(name);
  if (!registryPattern.test(registry))
    throw invalid(text, `'${registry}' is not a host with an optional port`);
  if (repository.length > 255) throw invalid(text, "the repository is longer than 255 characters");
  if (!repositoryPattern.test(repository)) {
    const lower = repository.toLowerCase();
    const why = repositoryPattern.test(lower) ? "; repositories are in lower case" : "";
    throw invalid(text, `'${repository}' is not a repository${why}`);
  }
  const defaultTag = tag === undefined && digest === undefined ? "latest" : tag;
  return { kind: "registry", registry, repository, ...optional(defaultTag, digest) };
}

function splitDigest(
  text: string,
  rest: string,
): { readonly name: string; readonly digest: Digest | undefined } {
  const at = rest.lastIndexOf("@");
  // An '@' may be part of a layout's folder, and a ':' of its tag.
  const algorithm = text.startsWith("oci:") ? /^sha\d+:/iu : /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:/iu;
  if (at < 0 || !algorithm.test(rest.slice(at + 1))) {
    if (at >= 0 && !text.startsWith("oci:")) throw invalid(text, "what follows '@' is not a digest");
    return { name: rest, digest: undefined };
  }
  try {
    return { name: rest.slice(0, at), digest: parseDigest(rest.slice(at + 1)) };
  } catch (error) {
    throw invalid(text, "the digest is not sha256: with 64 lower-case hex digits", error);
  }
}

/** The first part is a host when it looks like one: with a dot, a port, upper case, or `localhost`. */
function splitName(name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = /[.:]/u.test(first) || first === "localhost" || first !== first.toLowerCase();
  const registry = isHost ? first : "docker.io";
  const repository = isHost ? name.slice(slash + 1) : name;
  const known = registry === "index.docker.io" ? "docker.io" : registry;
  return {
    registry: known,
    repository: known === "docker.io" && !repository.includes("/") ? `library/${repository}` : repository,
  };
}

/** The reference in its full form, which {@link parseReference} reads back. */
export function formatReference(reference: Reference): string {
  const { tag, digest } = reference;
  const name =
    reference.kind === "layout" ? `oci:${reference.folder}` : `${reference.registry}/${reference.repository}`;
  return `${name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function optional(
  tag: string | undefined,
  digest: Digest | undefined,
): { readonly tag?: string; readonly digest?: Digest } {
  return { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

function invalid(text: string, why: string, cause?: unknown): IgneousError {
  return new IgneousError("reference-invalid", `'${text}' is not an image reference: ${why}`, {
    hint: "write host/repository:tag, host/repository@sha256:… or oci:FOLDER:TAG",
    ...(cause === undefined ? {} : { cause }),
  });
}
