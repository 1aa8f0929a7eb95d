import { createLogUpdate } from "log-update";
import type { Io } from "./io.ts";

/** Shows a text that changes: in place on a terminal, elsewhere again when it is another. */
export function createScreen(io: Io): (text: string) => void {
  if (!io.isTerminal) {
    let last = "";
    return (text) => {
      if (text !== last) io.stdout(last === "" ? text : `\n${text}`);
      last = text;
    };
  }
  const output = { write: io.stdout, isTTY: true, columns: io.columns(), rows: 50 };
  // log-update asks a stream only for these; a whole WriteStream is not ours to give.
  const live = createLogUpdate(output as unknown as NodeJS.WriteStream, { showCursor: true });
  return (text) => live(text.trimEnd());
}
