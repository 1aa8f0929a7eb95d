import type { VirtualClock } from "./clock.ts";

/** Who calls, where, and when. */
export interface Call {
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly account: string;
  readonly now: number;
  readonly clock: VirtualClock;
}

/** One operation: takes the input as the SDK's types name it and gives the output, or throws {@link AwsError}. */
export type Handler = (input: never, call: Call) => object;

export type Handlers = Readonly<Record<string, Handler>>;

/** An error as AWS answers it. The status is the model's, or 400. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly reason: string | undefined;

  constructor(code: string, message: string, options: { status?: number; reason?: string } = {}) {
    super(message);
    this.code = code;
    this.status = options.status;
    this.reason = options.reason;
  }
}

/** Ids as AWS makes them, the same in every run. */
export function createIds(): (prefix: string) => string {
  let next = 1;
  return (prefix) => `${prefix}-0a${(next++).toString(16).padStart(15, "0")}`;
}

/** Pages of a list: `nextToken` is the offset. */
export function page<T>(
  items: readonly T[],
  token: string | undefined,
  size: number,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const start = token === undefined ? 0 : Number(Buffer.from(token, "base64").toString("utf8"));
  const end = start + size;
  return {
    items: items.slice(start, end),
    nextToken: end < items.length ? Buffer.from(String(end)).toString("base64") : undefined,
  };
}
