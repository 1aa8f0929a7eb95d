/** What the serial console of a machine has told so far. */
export interface SerialState {
  /** The last 64 KiB, without colours. */
  readonly tail: () => string;
  readonly panics: () => number;
  /** How much slower the machine is than hardware: the kernel's own time to its first program, against about a second. */
  readonly slowness: () => number | undefined;
}

/** Until the kernel has told how slow the machine is. */
const unknownSlowness = 20;

/** A time limit, given in seconds on hardware, for a machine as slow as this one. */
export function limitMs(serial: Pick<SerialState, "slowness">, seconds: number): number {
  return Math.ceil(seconds * 1000 * (serial.slowness() ?? unknownSlowness));
}

const hardwareSeconds = 1;
const maxSlowness = 60;

/** Reads a serial console piece by piece; `onPanic` is called with the number of kernel panics seen so far. */
export function watchSerial(
  onPanic: (count: number) => void,
): SerialState & { readonly add: (text: string) => void } {
  let tail = "";
  let rest = "";
  let panics = 0;
  let slowness: number | undefined;
  const line = (text: string): void => {
    if (text.includes("Kernel panic - not syncing") && !text.includes("end Kernel panic")) onPanic(++panics);
    const seconds = /\[\s*(\d+\.\d+)\] Run \S+ as init process/u.exec(text)?.[1];
    if (seconds !== undefined)
      slowness = Math.min(maxSlowness, Math.max(1, Number(seconds) / hardwareSeconds));
  };
  const add = (text: string): void => {
    const plain = plainText(text);
    tail = (tail + plain).slice(-65_536);
    const lines = (rest + plain).split("\n");
    rest = lines.pop() ?? "";
    for (const each of lines) line(each);
  };
  return { add, tail: () => tail, panics: () => panics, slowness: () => slowness };
}

/** Terminal output without escape sequences and carriage returns. */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[[0-9;?=:]*[A-Za-z]|\r/gu, "");
}
