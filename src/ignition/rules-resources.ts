import { parseGoUrl } from "./go-url.ts";
import { optionalUrlProblem, requiredSourceProblem, type Rule, urlProblem } from "./rules-common.ts";
import { findString, part, parts, type Struct, text } from "./value.ts";
import { hasItems } from "./write-json.ts";
import { findVersion } from "./version.ts";

const resource: Rule = (struct, path, find, minor) => {
  find.error(path, compressionProblem(struct), "compression");
  find.error(path, verificationProblem(struct), "verification", "hash");
  find.error(path, optionalUrlProblem(struct, "source", minor), "source");
  if (minor >= 1) find.error(path, headerSchemeProblem(struct), "httpHeaders");
};

function compressionProblem(struct: Struct): string | undefined {
  const compression = findString(struct, "compression") ?? "";
  return compression === "" || compression === "gzip" ? undefined : "invalid compression method";
}

function verificationProblem(struct: Struct): string | undefined {
  const hash = findString(part(struct, "verification"), "hash");
  if (hash === undefined || findString(struct, "source") !== undefined) return undefined;
  return "source must be specified if verification is specified";
}

function headerSchemeProblem(struct: Struct): string | undefined {
  if (!hasItems(struct, "httpHeaders")) return undefined;
  const url = text(struct, "source") === "" ? undefined : parseGoUrl(text(struct, "source"));
  if (url === undefined) return "unable to parse url";
  if (url.scheme === "http" || url.scheme === "https") return undefined;
  return "cannot use HTTP headers with this source scheme";
}

const httpHeader: Rule = (struct, path, find) => {
  find.error(path, text(struct, "name") === "" ? "HTTP header name can't be empty" : undefined, "name");
  find.error(path, struct["value"] === "" ? "unable to parse HTTP header" : undefined, "value");
};

const hashLengths: Readonly<Record<string, { readonly digits: number; readonly since: number }>> = {
  sha256: { digits: 64, since: 1 },
  sha512: { digits: 128, since: 0 },
};

const verification: Rule = (struct, path, find, minor) => {
  const hash = findString(struct, "hash");
  if (hash === undefined) return;
  const dash = hash.indexOf("-");
  const known = hashLengths[hash.slice(0, Math.max(dash, 0))];
  const problem =
    dash < 0
      ? "malformed hash specifier"
      : known === undefined || minor < known.since
        ? "unrecognized hash function"
        : Buffer.byteLength(hash.slice(dash + 1)) === known.digits
          ? undefined
          : "incorrect size for hash sum";
  find.error(path, problem, "hash");
};

const proxy: Rule = (struct, path, find) => {
  for (const field of ["httpProxy", "httpsProxy"]) {
    const value = findString(struct, field);
    if (value === undefined) continue;
    const url = parseGoUrl(value);
    if (url === undefined) find.error(path, "unable to parse url", field);
    else if (url.scheme !== "https" && url.scheme !== "http") {
      find.error(path, "proxies must be http(s)", field);
    } else if (url.scheme === "http" && field === "httpsProxy") {
      find.warn(path, "insecure plaintext HTTP proxy specified for HTTPS resources", field);
    }
  }
};

const ignition: Rule = (struct, path, find, minor) => {
  const version = findVersion(text(struct, "version"));
  const wanted = minor === 7 ? "3.7.0-experimental" : `3.${minor}.0`;
  const problem =
    version === undefined
      ? "invalid config version (couldn't parse)"
      : version === wanted
        ? undefined
        : "unsupported config version";
  find.error(path, problem, "version");
};

const ignitionConfig: Rule = (struct, path, find, minor) => {
  if (minor === 0) return;
  for (const [index, item] of parts(struct, "merge").entries()) {
    find.error(path, requiredSourceProblem(item, minor), "merge", index);
  }
};

const tls: Rule = (struct, path, find, minor) => {
  if (minor === 0) return;
  for (const [index, item] of parts(struct, "certificateAuthorities").entries()) {
    find.error(path, requiredSourceProblem(item, minor), "certificateAuthorities", index);
  }
};

/** Rules about things that are fetched. */
export const resourceRules: Readonly<Record<string, Rule>> = {
  CaReference: (struct, path, find, minor) =>
    find.error(path, urlProblem(text(struct, "source"), minor), "source"),
  ConfigReference: (struct, path, find, minor) =>
    find.error(path, optionalUrlProblem(struct, "source", minor), "source"),
  FileContents: resource,
  HTTPHeader: httpHeader,
  Ignition: ignition,
  IgnitionConfig: ignitionConfig,
  Proxy: proxy,
  Resource: resource,
  TLS: tls,
  Verification: verification,
};
