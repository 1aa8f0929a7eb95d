import { createLogUpdate } from "log-update";
import type { Event } from "../core/context.ts";
import { formatDuration } from "../core/units.ts";
import type { Io } from "./io.ts";
import type { Paint } from "./paint.ts";
import { cut, describeEnd, describeMessage, describeProgress } from "./progress.ts";
import type { Renderer } from "./renderer.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

interface Running {
  readonly title: string;
  readonly startedAt: number;
  progress?: Extract<Event, { type: "step-progress" }>;
}

/** One live line per running step at the foot of the terminal; what has ended scrolls away above it. */
export function createLiveRenderer(io: Io, paint: Paint): Renderer {
  const steps = new Map<string, Running>();
  const output = { write: io.stderr, isTTY: true, columns: io.columns(), rows: 50 };
  // log-update asks a stream only for these; a whole WriteStream is not ours to give.
  const live = createLogUpdate(output as unknown as NodeJS.WriteStream, { showCursor: true });
  let frame = 0;

  const draw = (): void => {
    const width = io.columns() - 1;
    const now = performance.now();
    const lines = Array.from(steps.values(), (step) => {
      const elapsed = now - step.startedAt;
      const detail =
        step.progress === undefined ? formatDuration(elapsed) : describeProgress(step.progress, elapsed);
      return cut(`${frames[frame % frames.length]} ${step.title}: ${detail}`, width);
    });
    if (lines.length > 0) live(lines.join("\n"));
  };
  const stop = io.every(100, () => {
    frame++;
    draw();
  });
  const persist = (text: string): void => {
    live.clear();
    io.stderr(`${text}\n`);
    draw();
  };

  return {
    onEvent: (event) => {
      if (event.type === "step-started") {
        steps.set(event.step, { title: event.title, startedAt: performance.now() });
        draw();
      } else if (event.type === "step-progress") {
        const step = steps.get(event.step);
        if (step !== undefined) step.progress = event;
      } else if (event.type === "step-ended") {
        const title = steps.get(event.step)?.title ?? event.step;
        steps.delete(event.step);
        persist(describeEnd(title, event, paint, io.columns()));
      } else {
        persist(describeMessage(event, paint));
      }
    },
    end: () => {
      stop();
      live.clear();
    },
  };
}
