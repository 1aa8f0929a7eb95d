import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { decodeDataUrl } from "../ignition/data-url.ts";
import type { LaunchUserData } from "./ec2-surroundings.ts";

/** The parts of a launch configuration that the EC2 boot check looks at or adds to. */
interface LaunchConfig {
  readonly ignition: {
    readonly version: string;
    readonly config?: { readonly replace?: { readonly compression?: string } };
  };
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

/** The forms that a launch configuration takes as user data when EC2 cannot take it as it is. */
export const longForms = ["gzip", "s3"] as const;
export type LongForm = (typeof longForms)[number];

/** A configuration of the version of another one, so long that it takes this form: `gzip` packs well, `s3` does not. */
export function longConfig(like: string, form: LongForm): string {
  const { version } = (JSON.parse(like) as LaunchConfig).ignition;
  const text = form === "gzip" ? "igneous".repeat(2500) : deriveText(40_000);
  const file = { path: "/etc/igneous/boot-check", contents: { source: `data:,${text}` } };
  return JSON.stringify({ ignition: { version }, storage: { files: [file] } });
}

/** The form that user data has; undefined when it is the launch configuration as it is. */
export function formOf({ base64, object }: LaunchUserData): LongForm | undefined {
  if (object !== undefined) return "s3";
  const { ignition } = JSON.parse(Buffer.from(base64, "base64").toString("utf8")) as LaunchConfig;
  return ignition.config?.replace?.compression === "gzip" ? "gzip" : undefined;
}

/** Text that no program packs to less than half. */
function deriveText(length: number): string {
  let text = "";
  for (let index = 0; text.length < length; index++)
    text += createHash("sha256").update(String(index)).digest("hex");
  return text;
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
