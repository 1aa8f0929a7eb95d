import type { AwsClock } from "./apis.ts";
import { awsErrorCode, httpStatus } from "./failure.ts";

/** How long a call is tried: throttling until a deadline, faults of the service or the network a number of times. */
export interface RetryPolicy {
  readonly throttledMs: number;
  readonly faultAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

export const defaultRetries: RetryPolicy = {
  throttledMs: 15 * 60_000,
  faultAttempts: 8,
  baseMs: 200,
  capMs: 20_000,
};

/** Tries once: for a service that answers what it does not know with a fault. */
export const noRetries: RetryPolicy = { ...defaultRetries, throttledMs: 0, faultAttempts: 1 };

const throttling = new Set([
  "BandwidthLimitExceeded",
  "EC2ThrottledException",
  "PriorRequestNotComplete",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "SnapshotCreationPerVolumeRateExceeded",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "TooManyRequestsException",
  "TooManyUpdates",
]);

const network = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "TimeoutError",
]);

type Trouble = "throttled" | "fault" | "final";

export function troubleOf(error: unknown): Trouble {
  const code = awsErrorCode(error);
  const status = httpStatus(error);
  if (throttling.has(code) || status === 429) return "throttled";
  if (status !== undefined && status >= 500) return "fault";
  const system = error instanceof Error && "code" in error ? String(error.code) : "";
  const hungUp = error instanceof Error && error.message.includes("socket hang up");
  if (network.has(code) || network.has(system) || hungUp) return "fault";
  return "final";
}

/** Runs `attempt` until it succeeds or the policy gives up; waits grow with full jitter, so that many callers spread out. */
export async function retrying<T>(
  clock: AwsClock,
  signal: AbortSignal,
  policy: RetryPolicy,
  attempt: () => Promise<T>,
): Promise<T> {
  const deadline = clock.now() + policy.throttledMs;
  for (let tries = 1; ; tries++) {
    try {
      signal.throwIfAborted();
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const trouble = troubleOf(error);
      if (trouble === "final") throw error;
      if (trouble === "fault" && tries >= policy.faultAttempts) throw error;
      if (trouble === "throttled" && clock.now() >= deadline) throw error;
      const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** tries);
      await clock.sleep(ceiling * (0.5 + Math.random() / 2), signal);
    }
  }
}
