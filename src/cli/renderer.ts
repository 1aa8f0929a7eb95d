import type { Event } from "../core/context.ts";
import { createJsonRenderer } from "./json-renderer.ts";
import type { Io, OutputOptions } from "./io.ts";
import { createPaint } from "./paint.ts";
import { createPlainRenderer } from "./plain-renderer.ts";

/** Shows the news of a running command on stderr. */
export interface Renderer {
  readonly onEvent: (event: Event) => void;
  /** Leaves the terminal tidy; called once, before anything else is printed. */
  readonly end: () => void;
}

/** The renderer that fits: JSON lines when asked, a live view on a terminal, plain lines elsewhere (CI). */
export async function createRenderer(io: Io, options: OutputOptions): Promise<Renderer> {
  const paint = createPaint(io.colour && options.color !== false);
  if (options.json === true) return createJsonRenderer(io, options.quiet === true);
  if (options.quiet === true) return quietRenderer(createPlainRenderer(io, paint));
  if (!io.isTerminal) return createPlainRenderer(io, paint);
  const { createLiveRenderer } = await import("./live-renderer.ts");
  return createLiveRenderer(io, paint);
}

function quietRenderer(inner: Renderer): Renderer {
  return {
    onEvent: (event) => {
      if (event.type === "warning") inner.onEvent(event);
    },
    end: inner.end,
  };
}
