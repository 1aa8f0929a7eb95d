/** Time of the simulator. It stands still until somebody sleeps or advances it, so that hours pass in milliseconds. */
export interface VirtualClock {
  readonly now: () => number;
  /** Moves on and runs everything that falls due on the way, in order. */
  readonly advance: (ms: number) => void;
  /** Runs `action` when the time has come. */
  readonly at: (time: number, action: () => void) => void;
  /** Resolves at now + ms. Time jumps to the earliest sleeper once no request is being answered. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** `busy` tells whether a request is being answered, in which case time does not move by itself. */
export function virtualClock(start: number, busy: () => boolean): VirtualClock {
  let now = start;
  let ticking = false;
  const due: { readonly time: number; readonly action: () => void; readonly sleeper: boolean }[] = [];
  const runUntil = (time: number): void => {
    for (;;) {
      const next = due[0];
      if (next === undefined || next.time > time) break;
      due.shift();
      now = Math.max(now, next.time);
      next.action();
    }
    now = Math.max(now, time);
  };
  const add = (time: number, action: () => void, sleeper: boolean): void => {
    const index = due.findIndex((entry) => entry.time > time);
    due.splice(index === -1 ? due.length : index, 0, { time, action, sleeper });
  };
  const tick = (): void => {
    if (!ticking) return;
    const sleeper = due.find((entry) => entry.sleeper);
    if (sleeper === undefined) {
      ticking = false;
      return;
    }
    if (!busy()) runUntil(sleeper.time);
    setTimeout(tick, 1);
  };
  return {
    now: () => now,
    advance: (ms) => runUntil(now + ms),
    at: (time, action) => add(time, action, false),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const onAbort = (): void => reject(signal.reason);
        signal.addEventListener("abort", onAbort, { once: true });
        const wake = (): void => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        };
        add(now + ms, wake, true);
        if (ticking) return;
        ticking = true;
        setTimeout(tick, 1);
      }),
  };
}
