import { IgneousError } from "../core/errors.ts";
import type { Diagnostic, Position } from "../core/report.ts";
import { schemaProblems } from "../core/schema-problems.ts";
import { readYaml } from "../core/yaml.ts";
import { checksumOf, formatLock } from "./format.ts";
import { Lock, lockSchemaVersion } from "./schema.ts";

const restore =
  "restore it from git: git checkout HEAD -- images.lock.json (or the newest of .igneous/locks, which bakes here keep). " +
  "Do not begin a new one: it would know none of the builds, " +
  "so that no image could go back to them, and igneous gc would take their AMIs for garbage";

const merge =
  "take one side, then the other side's builds into it: git checkout --ours images.lock.json && " +
  "git show :3:./images.lock.json > theirs.json && igneous lock --merge theirs.json && rm theirs.json";

/** Reads a lock. A newer schema, conflict markers, an edit by hand and anything the schema does not know are refused. */
export function parseLock(file: string, source: string): Lock {
  const conflict = findConflictMarker(source);
  if (conflict !== undefined) {
    const message = "git conflict marker";
    throw refused(file, source, [{ severity: "error", message, position: conflict }], merge);
  }
  const value = parseJson(file, source);
  const version = findSchemaVersion(value);
  if (typeof version === "number" && version > lockSchemaVersion) {
    const message = `schemaVersion ${version} is newer than ${lockSchemaVersion}, the newest that this igneous reads`;
    const position = readYaml(source).positionOf(["schemaVersion"]);
    throw refused(file, source, [at(message, position)], "use the igneous that wrote it, or a newer one");
  }
  const parsed = Lock.safeParse(value);
  if (!parsed.success) {
    throw refused(
      file,
      source,
      schemaProblems(parsed.error.issues, readYaml(source), () => []),
      restore,
    );
  }
  const expected = formatLock(parsed.data);
  if (expected !== source)
    throw refused(file, source, [editedByHand(parsed.data, source, expected)], restore);
  return parsed.data;
}

function editedByHand(lock: Lock, source: string, expected: string): Diagnostic {
  if (checksumOf(lock) !== lock.checksum) {
    const position = readYaml(source).positionOf(["checksum"]);
    return at("the content below does not have this checksum: it was edited by hand", position);
  }
  const wanted = expected.split("\n");
  const lines = source.split("\n");
  const line = lines.findIndex((text, index) => text !== wanted[index]);
  const row = line === -1 ? lines.length - 1 : line;
  const text = lines[row] ?? "";
  const column = Array.from(text).findIndex((character, index) => character !== wanted[row]?.[index]);
  return at("not as igneous writes it: it was edited by hand", {
    line: row + 1,
    column: Math.max(0, column) + 1,
  });
}

function parseJson(file: string, source: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw refused(file, source, [syntaxProblem(source, message)], restore);
  }
}

/** One problem: what comes after the first is only its consequence. */
function syntaxProblem(source: string, message: string): Diagnostic {
  const end = source.trimEnd();
  const place = Number(/position (\d+)/u.exec(message)?.[1] ?? Number.NaN);
  if (!end.endsWith("}") || place >= end.length || message.startsWith("Unexpected end of")) {
    return at("the file ends in the middle: it was cut off", jsonPosition(end, ""));
  }
  const [first] = readYaml(source).diagnostics.filter(({ severity }) => severity === "error");
  return first ?? at(`not JSON: ${message}`, jsonPosition(source, message));
}

function jsonPosition(source: string, message: string): Position {
  const offset = Number(/position (\d+)/u.exec(message)?.[1] ?? source.length);
  const before = source.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function findSchemaVersion(value: unknown): unknown {
  return typeof value === "object" && value !== null && "schemaVersion" in value
    ? value.schemaVersion
    : undefined;
}

function findConflictMarker(source: string): Position | undefined {
  const line = source.split("\n").findIndex((text) => /^(?:<{7}|={7}|>{7})(?:\s|$)/u.test(text));
  return line === -1 ? undefined : { line: line + 1, column: 1 };
}

function at(message: string, position: Position | undefined): Diagnostic {
  return { severity: "error", message, ...(position === undefined ? {} : { position }) };
}

function refused(
  file: string,
  source: string,
  diagnostics: readonly Diagnostic[],
  hint: string,
): IgneousError {
  return new IgneousError("lock-invalid", `${file} cannot be used`, {
    report: { file, source, diagnostics },
    hint,
  });
}
