import { IgneousError, systemErrorCode } from "../core/errors.ts";
import { renderReport } from "../core/report.ts";
import type { Paint } from "./paint.ts";

/** A failure as people read it: what went wrong, all places in their files, and what to do next. */
export function renderFailure(error: IgneousError, paint: Paint): string {
  const lines = [`${paint.red(paint.bold("error"))} ${paint.dim(`[${error.code}]`)} ${error.message}`];
  if (error.report !== undefined) lines.push(renderReport(error.report));
  if (error.hint !== undefined) lines.push(`  ${paint.bold("next:")} ${error.hint}`);
  return `${lines.join("\n")}\n`;
}

/** The same as one JSON line. */
export function renderFailureJson(error: IgneousError): string {
  const { code, message, hint, exitCode, report } = error;
  const diagnostics = report?.diagnostics;
  return `${JSON.stringify({ type: "error", code, message, hint, exitCode, file: report?.file, diagnostics })}\n`;
}

/** A bug: the stack, and what to do with it. */
export function renderBug(error: unknown, paint: Paint): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${paint.red(paint.bold("bug"))} igneous met something it does not understand; please report this:\n${text}\n`;
}

/** What was thrown as a failure the user can meet, or undefined when it is a bug. */
export function asFailure(thrown: unknown): IgneousError | undefined {
  if (thrown instanceof IgneousError) return thrown;
  const code = systemErrorCode(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new IgneousError("disk-full", message, { hint: "free some room and run the same command again" });
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new IgneousError("no-permission", message, {
      hint: "run as a user who may write there, or name another folder",
    });
  }
  return undefined;
}
