import type { Context, Event } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { asFailure, renderBug, renderFailure, renderFailureJson } from "./failure.ts";
import type { Io, OutputOptions } from "./io.ts";
import { createPaint, type Paint } from "./paint.ts";
import { createRenderer } from "./renderer.ts";

/** What a command gives back: data for `--json`, and the same as text. */
export interface CommandResult {
  readonly data: object;
  readonly text: (paint: Paint, steps: readonly EndedStep[]) => string;
  /** 0 when not given. A command that finds a difference may print its result and still exit 4. */
  readonly exitCode?: number;
}

/** A step that has ended, and what it was called. */
export type EndedStep = Extract<Event, { type: "step-ended" }> & { readonly title: string };

export type CommandBody = (context: Context) => Promise<CommandResult>;

/** Runs one command: shows its news on stderr, prints its result on stdout, turns what is thrown into an exit code. */
export async function runCommand(io: Io, options: OutputOptions, body: CommandBody): Promise<void> {
  const renderer = await createRenderer(io, options);
  const ended: EndedStep[] = [];
  const titles = new Map<string, string>();
  const context = io.createContext((event) => {
    if (event.type === "step-started") titles.set(event.step, event.title);
    if (event.type === "step-ended") ended.push({ ...event, title: titles.get(event.step) ?? event.step });
    renderer.onEvent(event);
  });
  const paint = createPaint(io.colour && options.color !== false);
  try {
    const result = await body(context);
    renderer.end();
    io.stdout(
      options.json === true ? `${JSON.stringify(result.data, null, 2)}\n` : result.text(paint, ended),
    );
    io.setExitCode(result.exitCode ?? 0);
  } catch (thrown) {
    renderer.end();
    const { aborted, reason } = context.signal;
    const error = aborted && reason instanceof IgneousError ? reason : asFailure(thrown);
    if (error === undefined) {
      io.stderr(renderBug(thrown, paint));
      io.setExitCode(70);
      return;
    }
    io.stderr(options.json === true ? renderFailureJson(error) : renderFailure(error, paint));
    io.setExitCode(error.exitCode);
  }
}
