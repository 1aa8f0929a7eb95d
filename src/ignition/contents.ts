import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { DataUrlError, decodeDataUrl } from "./data-url.ts";
import type { IgnitionResource } from "./config.ts";

const contentLimit = 64 * 1024 * 1024;

/** The bytes of a resource that a config carries itself, unpacked and compared with its hash, or why there are none. */
export function readContents(contents: IgnitionResource): Uint8Array | { readonly problem: string } {
  const { source = "", compression = "", verification } = contents;
  if (source === "") return new Uint8Array();
  if (!source.startsWith("data:")) {
    return { problem: "only contents that the config carries itself can be baked: use inline or local" };
  }
  try {
    const packed = decodeDataUrl(source);
    const bytes = compression === "gzip" ? gunzipSync(packed, { maxOutputLength: contentLimit }) : packed;
    return hashProblem(bytes, verification?.hash) ?? bytes;
  } catch (error) {
    if (error instanceof DataUrlError) return { problem: error.message };
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") return { problem: "the contents unpack to more than 64 MiB" };
    if (typeof code === "string" && code.startsWith("Z_"))
      return { problem: "the contents are no gzip stream" };
    throw error;
  }
}

function hashProblem(bytes: Uint8Array, hash: string | undefined): { readonly problem: string } | undefined {
  if (hash === undefined) return undefined;
  const [kind = "", wanted = ""] = hash.split("-");
  const found = createHash(kind).update(bytes).digest("hex");
  if (found === wanted.toLowerCase()) return undefined;
  return { problem: `the contents have the ${kind} ${found}, not the one that is given` };
}
