import { open } from "node:fs/promises";
import { systemErrorCode } from "../core/errors.ts";
import { every } from "./clock.ts";

/** Hands on what another program appends to a file, piece by piece, until the returned function is called. */
export function followFile(path: string, onText: (text: string) => void, everyMs = 250): () => void {
  let position = 0;
  let reading = false;
  const decoder = new TextDecoder();
  const poll = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    try {
      const file = await open(path, "r");
      try {
        const buffer = Buffer.alloc(65_536);
        for (;;) {
          const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
          if (bytesRead === 0) break;
          position += bytesRead;
          onText(decoder.decode(buffer.subarray(0, bytesRead), { stream: true }));
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    } finally {
      reading = false;
    }
  };
  return every(everyMs, () => void poll());
}
