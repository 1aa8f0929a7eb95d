import { createLogUpdate } from "log-update";
import type { Io } from "./io.ts";

export interface Screen {
  /** Shows a text that changes: in place on a terminal, elsewhere again when it is another. */
  readonly show: (text: string) => void;
  /** Takes away what is shown in place. */
  readonly clear: () => void;
}

/** What stdout shows that changes. */
export function createScreen(io: Io): Screen {
  if (io.screen() === undefined) {
    let last = "";
    return {
      show: (text) => {
        if (text !== last) io.stdout(last === "" ? text : `\n${text}`);
        last = text;
      },
      clear: () => undefined,
    };
  }
  const output = {
    write: io.stdout,
    isTTY: true,
    get columns() {
      return io.screen()?.columns ?? 80;
    },
    get rows() {
      return io.screen()?.rows ?? 24;
    },
  };
  // log-update asks a stream only for these; a whole WriteStream is not ours to give.
  const live = createLogUpdate(output as unknown as NodeJS.WriteStream, { showCursor: true });
  return { show: (text) => live(text.trimEnd()), clear: () => live.clear() };
}
