/**
 * The floor of an import: each blob of a layout is hashed, inflated, hashed again and written, and nothing else is done.
 * Usage: floor.js OUT LAYOUT…
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
}

const [out = "", ...layouts] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const seen = new Set<string>();

function hashing(): Transform {
  const hash = createHash("sha256");
  return new Transform({
    readableHighWaterMark: 1 << 22,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      hash.digest("hex");
      done();
    },
  });
}

for (const layout of layouts) {
  const blob = (digest: string): string => join(layout, "blobs", "sha256", digest.slice(7));
  const read = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;
  const [manifest] = read<{ manifests: Descriptor[] }>(join(layout, "index.json")).manifests;
  for (const { digest, mediaType } of read<{ layers: Descriptor[] }>(blob(manifest?.digest ?? "")).layers) {
    if (seen.has(digest)) continue;
    seen.add(digest);
    const source = createReadStream(blob(digest), { highWaterMark: 1 << 20 });
    const target = createWriteStream(join(out, digest.slice(7)), { highWaterMark: 1 << 22 });
    if (!mediaType.endsWith("gzip")) await pipeline(source, hashing(), target);
    else await pipeline(source, hashing(), createGunzip({ chunkSize: 1 << 20 }), hashing(), target);
  }
}
