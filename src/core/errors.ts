import { type ErrorCode, errorCodes, findNext } from "./error-codes.ts";
import type { Report } from "./report.ts";

interface ErrorDetails {
  /** One imperative sentence, with a command where there is one. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** All problems of an input, each with its position; shown whole. */
  readonly report?: Report;
}

/** A failure that the user can meet and act on. Anything else that is thrown is a bug and exits 70. */
export class IgneousError extends Error {
  override readonly name = "IgneousError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly report: Report | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? findNext(code);
    this.report = details.report;
  }

  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`, …), if it is one. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
