import { connect } from "node:net";
import type { Context } from "../core/context.ts";
import { sleep } from "./clock.ts";

export interface SocketWriter {
  readonly write: (bytes: Uint8Array) => void;
  readonly close: () => void;
}

const retryMs = 100;
const tries = 100;

/** Connects to a socket that another program is about to open, only to write: what comes back is thrown away. */
export async function connectWriter(context: Context, path: string): Promise<SocketWriter> {
  for (let left = tries; ; left--) {
    try {
      return await connectOnce(path);
    } catch (error) {
      if (left === 0) throw error;
      await sleep(retryMs, context.signal);
    }
  }
}

function connectOnce(path: string): Promise<SocketWriter> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      // The program may end at any time; whoever waits for its end is told there.
      socket.on("error", () => undefined);
      socket.resume();
      resolve({ write: (bytes) => void socket.write(bytes), close: () => void socket.destroy() });
    });
  });
}
