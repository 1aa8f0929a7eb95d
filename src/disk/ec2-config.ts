import { gunzipSync } from "node:zlib";
import { decodeDataUrl } from "../ignition/data-url.ts";

/** The parts of a launch configuration that the EC2 boot check looks at or adds to. */
interface LaunchConfig {
  readonly passwd?: { readonly users?: readonly User[] };
  readonly storage?: { readonly files?: readonly LaunchFile[] };
}

interface User {
  readonly name: string;
  readonly sshAuthorizedKeys?: readonly string[];
}

interface LaunchFile {
  readonly path: string;
  readonly contents?: { readonly source?: string; readonly compression?: string };
}

/** A launch configuration with one more key for the user `core`, so that a login can show that the keys arrived. */
export function withLogin(config: string, publicKey: string): string {
  const value = JSON.parse(config) as LaunchConfig;
  const users = value.passwd?.users ?? [];
  const core = users.find(({ name }) => name === "core") ?? { name: "core" };
  const keys = [...(core.sshAuthorizedKeys ?? []), publicKey];
  const others = users.filter(({ name }) => name !== "core");
  const passwd = { ...value.passwd, users: [...others, { ...core, sshAuthorizedKeys: keys }] };
  return JSON.stringify({ ...value, passwd });
}

/** The host name that a launch configuration gives, when it holds one itself. */
export function expectedHostname(config: string): string | undefined {
  const { storage } = JSON.parse(config) as LaunchConfig;
  const contents = storage?.files?.find(({ path }) => path === "/etc/hostname")?.contents;
  if (contents?.source?.startsWith("data:") !== true) return undefined;
  const bytes = decodeDataUrl(contents.source);
  return Buffer.from(contents.compression === "gzip" ? gunzipSync(bytes) : bytes)
    .toString("utf8")
    .trim();
}
