/**
 * What every operation is handed first: where its news goes, how it is stopped, and the environment it may read.
 * The library never prints, never exits and never reads `process.env`.
 */
export interface Context {
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Cache shared by all specs of this user (`$XDG_CACHE_HOME/igneous`). */
  readonly cacheDir: string;
}

export type Emit = (event: Event) => void;

/** News of a running operation. A step is started, may report progress, and ends as done, skipped or failed. */
export type Event =
  | { readonly type: "step-started"; readonly step: string; readonly title: string }
  | {
      readonly type: "step-progress";
      readonly step: string;
      readonly done: number;
      readonly total?: number;
      /** Of stages, which take times of their own, no time left can be told. */
      readonly unit: "bytes" | "items" | "stages";
      readonly note?: string;
    }
  | {
      readonly type: "step-ended";
      readonly step: string;
      readonly outcome: "done" | "unchanged" | "resumed" | "failed";
      readonly durationMs: number;
      readonly note?: string;
    }
  | { readonly type: "note"; readonly message: string }
  | { readonly type: "warning"; readonly message: string; readonly hint?: string };
