import { createInterface } from "node:readline/promises";

/** Asks on the terminal and gives the line that was typed; nothing typed before the end of input is an empty answer. */
export async function askTerminal(
  question: string,
  { signal, onInterrupt }: { readonly signal: AbortSignal; readonly onInterrupt: () => void },
): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // readline takes Ctrl-C for itself while it waits.
  lines.on("SIGINT", onInterrupt);
  const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  try {
    return await Promise.race([lines.question(question, { signal }), closed]);
  } finally {
    lines.close();
  }
}
