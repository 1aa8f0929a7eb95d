import type { Context } from "./context.ts";

export interface StepResult<T> {
  readonly value: T;
  /** `unchanged`: nothing had to be done; `resumed`: part of it was there from an earlier run; `failed`: it ended badly, and the value says how. */
  readonly outcome?: "done" | "unchanged" | "resumed" | "failed";
  /** A few words for the end of the step's line. */
  readonly note?: string;
}

/** Runs one step of an operation between its started and ended events, so that each of them is seen and timed alike. */
export async function runStep<T>(
  context: Context,
  step: string,
  title: string,
  body: () => Promise<StepResult<T>>,
): Promise<T> {
  context.signal.throwIfAborted();
  const started = performance.now();
  context.emit({ type: "step-started", step, title });
  try {
    const { value, outcome = "done", note } = await body();
    const durationMs = performance.now() - started;
    context.emit({ type: "step-ended", step, outcome, durationMs, ...(note === undefined ? {} : { note }) });
    return value;
  } catch (error) {
    context.emit({ type: "step-ended", step, outcome: "failed", durationMs: performance.now() - started });
    throw error;
  }
}
