import type { Io } from "./io.ts";
import type { Renderer } from "./renderer.ts";

/** One JSON object a line on stderr for each event. */
export function createJsonRenderer(io: Io, quiet: boolean): Renderer {
  return {
    onEvent: (event) => {
      if (!quiet || event.type === "warning") io.stderr(`${JSON.stringify(event)}\n`);
    },
    end: () => undefined,
  };
}
