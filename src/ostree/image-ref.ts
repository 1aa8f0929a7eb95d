import { type Digest, digestHex } from "../core/digest.ts";

export const imagePrefix = "ociimage/image";
export const layerPrefix = "ociimage/layer";

export function layerRef(digest: Digest): string {
  return `${layerPrefix}/${digestHex(digest)}`;
}

/**
 * The ref of an image's tree. What a ref cannot hold is written as `_` and two hex digits, as other tools that keep
 * images in OSTree do.
 */
export function imageRef(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return [imagePrefix, ...parts.map(escapePart)].join("/");
}

function escapePart(part: string): string {
  const escaped = Array.from(Buffer.from(part), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9.-]/u.test(character)
      ? character
      : `_${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
  return escaped.replace(/^\./u, "_2E");
}
