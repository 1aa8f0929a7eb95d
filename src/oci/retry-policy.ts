export interface RetryPolicy {
  /** Tries in a row without progress before giving up. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** A server that asks for a longer pause than this is taken at its word: we give up at once. */
  readonly longestRetryAfterMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  firstDelayMs: 500,
  longestDelayMs: 20_000,
  longestRetryAfterMs: 120_000,
};
