import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip } from "node:zlib";
import * as zlib from "node:zlib";
import type { Context } from "../core/context.ts";
import { IgneousError, systemErrorCode } from "../core/errors.ts";
import { start } from "./exec.ts";

type Chunks = AsyncIterable<Uint8Array>;

const chunkSize = 1 << 20;

/**
 * Hands the decompressed bytes of `chunks` to `take`, chunk by chunk. Reads no further than `take` keeps up with.
 * A stream that is damaged or cut short is `image-refused`. Several gzip members or zstd frames are one stream.
 */
export async function decompress(
  context: Context,
  compression: "none" | "gzip" | "zstd",
  chunks: Chunks,
  take: (chunk: Buffer) => void,
): Promise<void> {
  // What ends a pipeline at one end comes out of it as an abortion of the other; the first failure is the true one.
  let first: { readonly error: unknown } | undefined;
  const noted = (error: unknown): unknown => {
    first ??= { error };
    return error;
  };
  const consume = async (output: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of output) {
      try {
        context.signal.throwIfAborted();
        take(chunk);
      } catch (error) {
        throw noted(error);
      }
    }
  };
  const input = notingErrors(chunks, noted);
  if (compression === "none") return consume(buffers(chunks));
  try {
    if (compression === "gzip") await gunzip(input, consume);
    else await unzstd(context, input, consume);
  } catch (error) {
    throw first === undefined ? damaged(error, compression) : first.error;
  }
}

async function* notingErrors(chunks: Chunks, noted: (error: unknown) => unknown): Chunks {
  try {
    yield* chunks;
  } catch (error) {
    throw noted(error);
  }
}

async function* buffers(chunks: Chunks): AsyncIterable<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/**
 * What follows the last member (tar programs pad with zeros) is read, so that whoever checks the input sees all of it, and
 * means nothing. Node's stream ends at the last member, which a pipeline would take for a fault of its input.
 */
async function gunzip(
  chunks: Chunks,
  consume: (output: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const stream = createGunzip({ chunkSize });
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));
  // Whoever iterates over the stream gets it as well.
  stream.on("error", () => undefined);
  let isStopped = false;
  const feed = async (): Promise<void> => {
    for await (const chunk of chunks) {
      if (isStopped) return;
      if (stream.destroyed || stream.readableEnded) continue;
      if (stream.write(chunk)) continue;
      await Promise.race([new Promise((resolve) => stream.once("drain", resolve)), closed]);
    }
    if (!stream.destroyed) stream.end();
  };
  const drain = async (): Promise<void> => {
    try {
      await consume(stream);
    } catch (error) {
      isStopped = true;
      throw error;
    }
  };
  const fed = feed().catch((error: unknown) => {
    stream.destroy();
    throw error;
  });
  const [input, output] = await Promise.allSettled([fed, drain()]);
  for (const side of [input, output]) if (side.status === "rejected") throw side.reason;
}

/** Node has zstd from 22.15 on; before, the program does it. Both stop at windows over 128 MiB. */
async function unzstd(
  context: Context,
  chunks: Chunks,
  consume: (output: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const create = (zlib as { createZstdDecompress?: (options: object) => Transform }).createZstdDecompress;
  if (create !== undefined) return pipeline(Readable.from(chunks), create({ chunkSize }), consume);
  const program = start(context, ["zstd", "-d", "-c", "-q", "--memory=128MB"]);
  try {
    await Promise.all([
      pipeline(Readable.from(chunks), program.stdin),
      consume(program.stdout),
      program.done,
    ]);
  } catch (error) {
    program.kill();
    const exit = await program.done.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    // When zstd gives up, our side only sees that nobody reads any more.
    throw systemErrorCode(error) === "EPIPE" || systemErrorCode(error) === "ERR_STREAM_PREMATURE_CLOSE"
      ? exit
      : error;
  }
}

function damaged(error: unknown, compression: string): unknown {
  const code = systemErrorCode(error);
  const isZlib = code !== undefined && (code in constants || code.startsWith("ZSTD_"));
  const isZstd =
    error instanceof IgneousError && error.code === "tool-failed" && error.message.startsWith("zstd ");
  if (!isZlib && !isZstd) return error;
  return new IgneousError("image-refused", `its ${compression} stream is damaged or cut short`, {
    cause: error,
  });
}
