import type { Io } from "./io.ts";
import type { Paint } from "./paint.ts";
import { describeEnd, describeMessage, describeProgress } from "./progress.ts";
import type { Renderer } from "./renderer.ts";

const quietMs = 15_000;

/** Plain lines for logs: a step's start, its progress now and then, its end. */
export function createPlainRenderer(io: Io, paint: Paint): Renderer {
  const steps = new Map<string, { readonly title: string; readonly startedAt: number; saidAt: number }>();
  const line = (text: string): void => io.stderr(`${text}\n`);
  return {
    onEvent: (event) => {
      if (event.type === "step-started") {
        const now = performance.now();
        steps.set(event.step, { title: event.title, startedAt: now, saidAt: now });
        line(`· ${event.title}`);
      } else if (event.type === "step-progress") {
        const step = steps.get(event.step);
        const now = performance.now();
        if (step === undefined || now - step.saidAt < quietMs) return;
        step.saidAt = now;
        line(`  ${step.title}: ${describeProgress(event, now - step.startedAt)}`);
      } else if (event.type === "step-ended") {
        line(describeEnd(steps.get(event.step)?.title ?? event.step, event, paint));
        steps.delete(event.step);
      } else {
        line(describeMessage(event, paint));
      }
    },
    end: () => undefined,
  };
}
