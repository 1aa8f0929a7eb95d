import { pipeline } from "node:stream";
import { promisify } from "node:util";
import { createDeflateRaw, createInflateRaw, deflateRaw, inflateRaw } from "node:zlib";
import { readStart } from "../host/object-files.ts";
import { readLimited, readStream } from "../host/read-file.ts";
import type { ObjectChecksum } from "./object.ts";
import { archiveHeaderLength } from "./object-decode.ts";
import { objectPath, type Repo } from "./repo.ts";

const wholeBelow = 2 ** 20;
const level = 6;
const deflateWhole = promisify(deflateRaw);
const inflateWhole = promisify(inflateRaw);

/**
 * A file object of an archive repo, compressed: ours hold content as it is, since there it is copied more often than kept,
 * while a published repo is read over a network. The checksum is that of the content and stays the same.
 */
export async function compressedFile(
  repo: Repo,
  checksum: ObjectChecksum,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const path = objectPath(repo, "file", checksum);
  const contentOffset = archiveHeaderLength(readStart(path, 8));
  const header = readStart(path, contentOffset);
  const small = await readLimited(path, wholeBelow).catch(() => undefined);
  if (small === undefined) return compressedStream(header, readStream(path, contentOffset));
  if (small.length === contentOffset) return small;
  const content = await inflateWhole(small.subarray(contentOffset));
  return Buffer.concat([header, await deflateWhole(content, { level })]);
}

async function* compressedStream(
  header: Buffer,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield header;
  const chunkSize = 2 ** 18;
  // Errors come out of the last stream, which is read below.
  yield* pipeline(
    content,
    createInflateRaw({ chunkSize }),
    createDeflateRaw({ level, chunkSize }),
    () => undefined,
  );
}
