import { setFlagsFromString } from "node:v8";

/**
 * Lets the young generation grow at once to what it may have. A command is over before the usual doubling gets there,
 * and would have spent a sixth of its time collecting what it still uses.
 */
export function growHeapAtOnce(): void {
  setFlagsFromString("--semi-space-growth-factor=16");
}
