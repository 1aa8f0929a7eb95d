/** What goes wrong, and with which calls. */
export interface Fault {
  readonly service?: string;
  readonly operation?: string;
  readonly region?: string;
  /** Only calls whose input this accepts. */
  readonly when?: (input: Readonly<Record<string, unknown>>) => boolean;
  /** Let so many matching calls pass first. */
  readonly after?: number;
  /** How many calls it hits; all of them when not given. */
  readonly times?: number;
  /** Ends by itself so many milliseconds of virtual time after it was given. */
  readonly forMs?: number;
  readonly effect: Effect;
}

export type Effect =
  | { readonly kind: "error"; readonly code: string; readonly message?: string; readonly status?: number }
  /** A page that is no AWS answer. */
  | { readonly kind: "html"; readonly status: number }
  /** The connection is cut before anything is done. */
  | { readonly kind: "reset" }
  /** The call is carried out, and its answer lost. */
  | { readonly kind: "lost" }
  /** No answer ever comes. */
  | { readonly kind: "hang" }
  /** The body of the answer is cut to so many bytes, with a length that says so. */
  | { readonly kind: "truncate"; readonly bytes: number };

export interface Faults {
  readonly add: (fault: Fault) => void;
  readonly clear: () => void;
  readonly take: (call: FaultyCall) => Effect | undefined;
}

interface FaultyCall {
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export function createFaults(now: () => number): Faults {
  let entries: { readonly fault: Fault; readonly until: number; passed: number; hit: number }[] = [];
  return {
    add: (fault) => {
      entries.push({ fault, until: now() + (fault.forMs ?? Number.POSITIVE_INFINITY), passed: 0, hit: 0 });
    },
    clear: () => {
      entries = [];
    },
    take: (call) => {
      for (const entry of entries) {
        const { fault } = entry;
        const matches =
          now() < entry.until &&
          (fault.service ?? call.service) === call.service &&
          (fault.operation ?? call.operation) === call.operation &&
          (fault.region ?? call.region) === call.region &&
          (fault.when?.(call.input) ?? true);
        if (!matches) continue;
        if (entry.passed < (fault.after ?? 0)) {
          entry.passed++;
          continue;
        }
        if (entry.hit >= (fault.times ?? Number.POSITIVE_INFINITY)) continue;
        entry.hit++;
        return fault.effect;
      }
      return undefined;
    },
  };
}
