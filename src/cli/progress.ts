import type { Event } from "../core/context.ts";
import { formatBytes, formatDuration } from "../core/units.ts";
import type { Paint } from "./paint.ts";

type Progress = Extract<Event, { type: "step-progress" }>;
type Ended = Extract<Event, { type: "step-ended" }>;

/** `12.0 MB of 48.1 MB, 30 %, 8.1 MB/s, 5 s left`, as far as these are known; `deploying, 2 of 4, 12 s` of stages. */
export function describeProgress(progress: Progress, elapsedMs: number): string {
  const amount = (value: number): string => (progress.unit === "bytes" ? formatBytes(value) : String(value));
  const parts: string[] = [];
  const { done, total } = progress;
  if (progress.unit === "stages") {
    const place = total === undefined ? String(done) : `${done} of ${total}`;
    return [progress.note, place, formatDuration(elapsedMs)].filter((part) => part !== undefined).join(", ");
  }
  if (total === undefined) parts.push(amount(done));
  else
    parts.push(`${amount(done)} of ${amount(total)}`, `${Math.floor((100 * done) / Math.max(1, total))} %`);
  const rate = elapsedMs > 500 ? (done * 1000) / elapsedMs : 0;
  if (rate > 0 && progress.unit === "bytes") parts.push(`${formatBytes(rate)}/s`);
  // Of the first few percent nothing can be concluded.
  if (rate > 0 && total !== undefined && total > done && done >= total / 20)
    parts.push(`${formatDuration(((total - done) / rate) * 1000)} left`);
  if (progress.note !== undefined) parts.push(progress.note);
  return parts.join(", ");
}

const marks = { done: "✓", resumed: "✓", unchanged: "=", failed: "✗" } as const;

/** The line that stays when a step has ended; its note is cut to make it fit into `width`. */
export function describeEnd(title: string, ended: Ended, paint: Paint, width = Infinity): string {
  const { outcome } = ended;
  const mark = outcome === "failed" ? paint.red(marks.failed) : paint.green(marks[outcome]);
  const words = [outcome === "unchanged" || outcome === "resumed" ? outcome : undefined, ended.note].filter(
    Boolean,
  );
  const duration = formatDuration(ended.durationMs);
  const room = width - title.length - duration.length - 6;
  const detail = words.length === 0 || room < 8 ? "" : ` ${paint.dim(`(${cut(words.join("; "), room)})`)}`;
  return `${mark} ${title}${detail} ${paint.dim(duration)}`;
}

/** A text that is no longer than `width`. */
export function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}

/** The lines of a note or a warning. */
export function describeMessage(event: Extract<Event, { type: "note" | "warning" }>, paint: Paint): string {
  if (event.type === "note") return `  ${event.message}`;
  const hint = event.hint === undefined ? "" : `\n  ${paint.bold("next:")} ${event.hint}`;
  return `${paint.yellow("warning")} ${event.message}${hint}`;
}
