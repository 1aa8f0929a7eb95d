import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { Context } from "../core/context.ts";
import type { Sha256Hex } from "../core/digest.ts";
import { run } from "./exec.ts";

interface Extent {
  readonly start: number;
  readonly length: number;
  readonly data: boolean;
}

const chunkBytes = 4 * 2 ** 20;

/** The sha256 of a raw disk image whose holes are not read (qemu-img tells where they are). Equal to the sha256 of its bytes. */
export async function sha256Sparse(context: Context, path: string): Promise<Sha256Hex> {
  const { stdout } = await run(context, ["qemu-img", "map", "-f", "raw", "--output=json", path]);
  const extents = JSON.parse(stdout) as readonly Extent[];
  const hash = createHash("sha256");
  const zeros = Buffer.alloc(chunkBytes);
  const buffer = Buffer.alloc(chunkBytes);
  const file = await open(path, "r");
  try {
    for (const { start, length, data } of extents) {
      for (let done = 0; done < length; ) {
        context.signal.throwIfAborted();
        const wanted = Math.min(chunkBytes, length - done);
        const { bytesRead } = data ? await file.read(buffer, 0, wanted, start + done) : { bytesRead: wanted };
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
        hash.update((data ? buffer : zeros).subarray(0, bytesRead));
        done += bytesRead;
      }
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex") as Sha256Hex;
}
