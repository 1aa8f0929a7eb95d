import type { Findings } from "../ignition/problem.ts";
import { checkIgnitionConfig } from "../ignition/validate.ts";
import { type Path, pathText } from "../ignition/value.ts";
import { messages } from "./messages.ts";

/**
 * Judges an Ignition config that stands inside a Butane config. Upstream shows its problems wherever the outer file
 * happens to have the inner path; here they stand at the text that holds the inner config, and name the inner path.
 */
export function checkEmbeddedConfig(json: string, path: Path, find: Findings, ignitionMinor: number): void {
  const result = checkIgnitionConfig(json, ignitionMinor);
  if (result.outcome === "unknown-version") {
    find.warn([...path, "version"], messages.unknownIgnitionVersion);
    return;
  }
  for (const problem of result.problems) {
    const say = problem.severity === "error" ? find.error : find.warn;
    const inner = problem.path.length === 0 ? "" : `${pathText(problem.path)}: `;
    say([...path, "inline"], inner + problem.message);
  }
  if (result.outcome === "unreadable") find.error([...path, "inline"], "config is not valid");
}
