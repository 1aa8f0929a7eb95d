import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { Io } from "./io.ts";

/** Asks before something is changed. Without a terminal only `--yes` is a yes. */
export async function confirm(io: Io, question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  const answer = await io.ask?.(`${question} [y/N] `);
  if (answer !== undefined) return /^y(es)?$/iu.test(answer.trim());
  throw new IgneousError("usage", "nobody can be asked here: this is no terminal", {
    hint: "look at the plan with --plan, then add --yes",
  });
}

/** Shows a plan among the news, before the question. */
export function showPlan(context: Context, text: string): void {
  context.emit({ type: "note", message: text.trimEnd().replaceAll("\n", "\n  ") });
}
