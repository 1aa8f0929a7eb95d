import { parseGoUrl } from "./go-url.ts";
import { optionalUrlProblem, requiredSourceProblem, type Rule, urlProblem } from "./rules-common.ts";
import { below, findString, part, parts, type Struct, text } from "./value.ts";
import { hasItems } from "./write-json.ts";
import { findVersion } from "./version.ts";

const resource: Rule = (struct, path, find, minor) => {
  find.error(below(path, "compression"), compressionProblem(struct));
  find.error(below(path, "verification", "hash"), verificationProblem(struct));
  find.error(below(path, "source"), optionalUrlProblem(struct, "source", minor));
  if (minor >= 1) find.error(below(path, "httpHeaders"), headerSchemeProblem(struct));
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
  find.error(
    below(path, "name"),
    text(struct, "name") === "" ? "HTTP header name can't be empty" : undefined,
  );
  find.error(below(path, "value"), struct["value"] === "" ? "unable to parse HTTP header" : undefined);
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
  find.error(below(path, "hash"), problem);
};

const proxy: Rule = (struct, path, find) => {
  for (const field of ["httpProxy", "httpsProxy"]) {
    const value = findString(struct, field);
    if (value === undefined) continue;
    const url = parseGoUrl(value);
    if (url === undefined) find.error(below(path, field), "unable to parse url");
    else if (url.scheme !== "https" && url.scheme !== "http") {
      find.error(below(path, field), "proxies must be http(s)");
    } else if (url.scheme === "http" && field === "httpsProxy") {
      find.warn(below(path, field), "insecure plaintext HTTP proxy specified for HTTPS resources");
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
  find.error(below(path, "version"), problem);
};

const ignitionConfig: Rule = (struct, path, find, minor) => {
  if (minor === 0) return;
  for (const [index, item] of parts(struct, "merge").entries()) {
    find.error(below(path, "merge", index), requiredSourceProblem(item, minor));
  }
};

const tls: Rule = (struct, path, find, minor) => {
  if (minor === 0) return;
  for (const [index, item] of parts(struct, "certificateAuthorities").entries()) {
    find.error(below(path, "certificateAuthorities", index), requiredSourceProblem(item, minor));
  }
};

/** Rules about things that are fetched. */
export const resourceRules: Readonly<Record<string, Rule>> = {
  CaReference: (struct, path, find, minor) =>
    find.error(below(path, "source"), urlProblem(text(struct, "source"), minor)),
  ConfigReference: (struct, path, find, minor) =>
    find.error(below(path, "source"), optionalUrlProblem(struct, "source", minor)),
  FileContents: resource,
  HTTPHeader: httpHeader,
  Ignition: ignition,
  IgnitionConfig: ignitionConfig,
  Proxy: proxy,
  Resource: resource,
  TLS: tls,
  Verification: verification,
};
