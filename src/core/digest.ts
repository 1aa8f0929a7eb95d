import { createHash } from "node:crypto";
import { IgneousError } from "./errors.ts";

/** `sha256:` and 64 lower-case hex digits. https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests */
export type Digest = `sha256:${string}` & { readonly brand: "Digest" };

/** 64 lower-case hex digits: a digest without its algorithm, as file names, OSTree and Debian write it. */
export type Sha256Hex = string & { readonly brand: "Sha256Hex" };

const hexPattern = /^[0-9a-f]{64}$/u;

export function isDigest(text: string): text is Digest {
  return text.startsWith("sha256:") && hexPattern.test(text.slice(7));
}

export function isSha256Hex(text: string): text is Sha256Hex {
  return hexPattern.test(text);
}

/** Reads a digest; other algorithms than sha256 are refused. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new IgneousError("reference-invalid", `'${text}' is not a digest; wanted sha256: and 64 hex digits`);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
}

export function digestHex(digest: Digest): Sha256Hex {
  return digest.slice(7) as Sha256Hex;
}

export function digestFromHex(hex: Sha256Hex): Digest {
  return `sha256:${hex}` as Digest;
}

/** The first twelve hex digits, for people. */
export function shortDigest(digest: Digest): string {
  return digest.slice(7, 19);
}
