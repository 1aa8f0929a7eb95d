/**
 * The floor of an import: each blob of a layout is hashed, inflated, hashed again and written, and nothing else is done.
 * Usage: floor.js stream|files OUT LAYOUT…  `stream` writes one file a layer, `files` one for each file in it.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, gunzipSync } from "node:zlib";

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
}

const [mode = "", out = "", ...layouts] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const seen = new Set<string>();
let files = 0;

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

function writeFiles(tar: Buffer): void {
  for (let at = 0; at + 512 <= tar.length; ) {
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 135), 8) || 0;
    const isFile = tar[at + 156] === 0x30;
    at += 512;
    if (isFile) {
      const file = openSync(join(out, `${files % 256}`, String(files++)), "wx");
      writeSync(file, tar, at, size);
      closeSync(file);
    }
    at += size + (-size & 511);
  }
}

if (mode === "files") for (let index = 0; index < 256; index++) mkdirSync(join(out, String(index)));
for (const layout of layouts) {
  const blob = (digest: string): string => join(layout, "blobs", "sha256", digest.slice(7));
  const read = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;
  const [manifest] = read<{ manifests: Descriptor[] }>(join(layout, "index.json")).manifests;
  for (const { digest, mediaType } of read<{ layers: Descriptor[] }>(blob(manifest?.digest ?? "")).layers) {
    if (seen.has(digest)) continue;
    seen.add(digest);
    const isPacked = mediaType.endsWith("gzip");
    if (mode === "files") {
      const data = readFileSync(blob(digest));
      createHash("sha256").update(data).digest("hex");
      const tar = isPacked ? gunzipSync(data, { chunkSize: 1 << 20 }) : data;
      createHash("sha256").update(tar).digest("hex");
      writeFiles(tar);
      continue;
    }
    const source = createReadStream(blob(digest), { highWaterMark: 1 << 20 });
    const target = createWriteStream(join(out, digest.slice(7)), { highWaterMark: 1 << 22 });
    if (!isPacked) await pipeline(source, hashing(), target);
    else await pipeline(source, hashing(), createGunzip({ chunkSize: 1 << 20 }), hashing(), target);
  }
}
