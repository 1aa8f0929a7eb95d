import { escapeData } from "../ignition/data-url.ts";
import { goGzip } from "./deflate.ts";

export interface EncodedContents {
  readonly url: string;
  /** What to write as compression; undefined when it was given and stays. */
  readonly compression: "" | "gzip" | undefined;
}

/** What the word `gzip` costs in the output. */
const compressionCost = "gzip".length;

/** No gzip stream of Go's is shorter: header, a block of at least two bytes, an empty last block, trailer. */
const shortestGzip = ";base64,".length + 4 * Math.ceil((10 + 2 + 5 + 8) / 3);

/** The shortest data URL for some bytes. Bytes whose compression is given are compressed already. */
export function encodeContents(contents: Uint8Array, givenCompression: string | undefined): EncodedContents {
  const given = givenCompression !== undefined && givenCompression !== "";
  let best = `,${escapeData(contents)}`;
  const base64 = `;base64,${Buffer.from(contents).toString("base64")}`;
  if (base64.length < best.length) best = base64;
  if (given) return { url: `data:${best}`, compression: undefined };
  if (best.length <= shortestGzip + compressionCost) return { url: `data:${best}`, compression: "" };
  const packed = `;base64,${Buffer.from(goGzip(contents)).toString("base64")}`;
  if (packed.length + compressionCost < best.length) return { url: `data:${packed}`, compression: "gzip" };
  return { url: `data:${best}`, compression: "" };
}
