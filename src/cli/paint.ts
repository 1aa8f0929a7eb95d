import { createColors } from "picocolors";

export type Paint = ReturnType<typeof createColors>;

/** Colours for a terminal, or functions that leave the text as it is. */
export function createPaint(colour: boolean): Paint {
  return createColors(colour);
}
