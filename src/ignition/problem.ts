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
 * since one that is being walked changes; steps below it are given apart, because most of what is checked has no problem
 * and needs no path.
 */
export interface Findings {
  readonly problems: Problem[];
  readonly error: (path: Path, message: string | undefined, ...below: Path) => void;
  readonly warn: (path: Path, message: string | undefined, ...below: Path) => void;
}

export function newFindings(): Findings {
  const problems: Problem[] = [];
  const add = (severity: Severity, path: Path, message: string | undefined, below: Path): void => {
    if (message !== undefined) problems.push({ severity, path: [...path, ...below], message });
  };
  return {
    problems,
    error: (path, message, ...below) => add("error", path, message, below),
    warn: (path, message, ...below) => add("warning", path, message, below),
  };
}

export function isFatal(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}
