import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { sleep } from "../host/clock.ts";
import { HttpFailure } from "../host/http.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** Something that may well succeed a little later: a reset, a stall, 429, 5xx, a body cut short. */
export class TransientFailure extends Error {
  override readonly name = "TransientFailure";
  /** What the server asked us to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Runs `attempt` until it succeeds, fails for good, or has failed `policy.attempts` times in a row without progress.
 * `attempt` calls `progressed` whenever it got further than ever before. `what` says what is wanted of whom.
 */
export async function withRetries<T>(
  context: Context,
  policy: RetryPolicy,
  what: string,
  attempt: (progressed: () => void) => Promise<T>,
): Promise<T> {
  let failures = 0;
  let total = 0;
  for (;;) {
    context.signal.throwIfAborted();
    try {
      return await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      if (!isTransient(error)) throw error instanceof HttpFailure ? gaveUp(what, total + 1, error) : error;
      failures++;
      total++;
      const pause = pauseOf(policy, failures, error);
      if (failures >= policy.attempts || pause === undefined) throw gaveUp(what, total, error);
      context.emit({
        type: "note",
        message: `${what}: ${error.message}; trying again in ${(pause / 1000).toFixed(1)} s`,
      });
      await sleep(pause, context.signal);
    }
  }
}

function isTransient(error: unknown): error is TransientFailure | HttpFailure {
  return error instanceof TransientFailure || (error instanceof HttpFailure && error.isTransient);
}

/** Doubles each time, with jitter so that many bakes do not come back at once. Undefined: it is not worth waiting. */
function pauseOf(policy: RetryPolicy, failures: number, error: Error): number | undefined {
  const asked = error instanceof TransientFailure ? error.retryAfterMs : undefined;
  if (asked !== undefined) return asked > policy.longestRetryAfterMs ? undefined : asked;
  const delay = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
  return delay * (0.5 + Math.random() / 2);
}

function gaveUp(what: string, tries: number, error: Error): IgneousError {
  const often = tries === 1 ? "once" : `${tries} times`;
  return new IgneousError("registry-failed", `${what} failed, tried ${often}: ${error.message}`, {
    hint: "check the network and the registry, then run the same command again; it goes on from here",
    cause: error,
  });
}
