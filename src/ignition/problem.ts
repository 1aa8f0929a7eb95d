import type { Severity } from "../core/report.ts";
import type { Path } from "./value.ts";

/** A problem at a path of a config, before it is known where that path stands in a text. */
export interface Problem {
  readonly severity: Severity;
  readonly path: Path;
  readonly message: string;
}

/**
 * Collects what rules find. A rule hands over a message or undefined, so that checks read as a list. The path is copied,
 * since one that is being walked changes.
 */
export interface Findings {
  readonly problems: Problem[];
  readonly error: (path: Path, message: string | undefined) => void;
  readonly warn: (path: Path, message: string | undefined) => void;
}

export function newFindings(): Findings {
  const problems: Problem[] = [];
  const add = (severity: Severity, path: Path, message: string | undefined): void => {
    if (message !== undefined) problems.push({ severity, path: [...path], message });
  };
  return {
    problems,
    error: (path, message) => add("error", path, message),
    warn: (path, message) => add("warning", path, message),
  };
}

export function isFatal(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}
