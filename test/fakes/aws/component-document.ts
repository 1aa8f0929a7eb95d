import { parse } from "yaml";
import { isRecord } from "./check.ts";
import { actionModules } from "./component-actions.ts";

/**
 * What is wrong with a component document by the rules that AWS publishes for its AWSTOE; nothing when it may run on Linux.
 * https://docs.aws.amazon.com/imagebuilder/latest/userguide/toe-use-documents.html
 */
export function documentProblems(text: string): readonly string[] {
  let document: unknown;
  try {
    document = parse(text, { strict: true, uniqueKeys: true });
  } catch (error) {
    return [`no YAML: ${error instanceof Error ? error.message : String(error)}`];
  }
  if (!isRecord(document)) return ["the document is no mapping"];
  const problems = unknownKeys("the document", document, [
    "constants",
    "description",
    "name",
    "parameters",
    "phases",
    "schemaVersion",
  ]);
  if (document["schemaVersion"] !== "1.0") problems.push("schemaVersion is not 1.0");
  for (const key of ["name", "description"]) {
    if (document[key] !== undefined && typeof document[key] !== "string") problems.push(`${key} is no text`);
  }
  const phases = listOf(document["phases"], "phases", problems);
  const names = phases.map((phase) => phase["name"]);
  if (!names.some((name) => ["build", "validate", "test"].includes(String(name)))) {
    problems.push("there is no phase build, validate or test");
  }
  problems.push(...repeated("phase", names));
  for (const phase of phases) problems.push(...phaseProblems(phase));
  return problems;
}

function phaseProblems(phase: Readonly<Record<string, unknown>>): readonly string[] {
  const name = String(phase["name"]);
  const problems = unknownKeys(`phase ${name}`, phase, ["name", "steps"]);
  // The phases that Image Builder runs; another would be passed over in silence.
  if (!["build", "validate", "test", "container-host-test"].includes(name)) {
    problems.push(`Image Builder runs no phase ${name}`);
  }
  const steps = listOf(phase["steps"], `phase ${name}: steps`, problems);
  problems.push(
    ...repeated(
      `phase ${name}: step`,
      steps.map((step) => step["name"]),
    ),
  );
  for (const step of steps) problems.push(...stepProblems(step).map((text) => `phase ${name}: ${text}`));
  return problems;
}

function stepProblems(step: Readonly<Record<string, unknown>>): readonly string[] {
  const { name, action, onFailure, timeoutSeconds, maxAttempts, inputs } = step;
  const place = `step ${String(name)}`;
  const known = ["action", "if", "inputs", "loop", "maxAttempts", "name", "onFailure", "timeoutSeconds"];
  const problems = unknownKeys(place, step, known);
  // A name is a part of chaining expressions: {{ phase.step.outputs.stdout }}
  if (typeof name !== "string" || !/^[A-Za-z0-9_-]+$/u.test(name)) problems.push(`${place}: not a name`);
  if (onFailure !== undefined && !["Abort", "Continue", "Ignore"].includes(String(onFailure))) {
    problems.push(`${place}: onFailure is ${String(onFailure)}`);
  }
  if (timeoutSeconds !== undefined && timeoutSeconds !== -1 && !isCount(timeoutSeconds)) {
    problems.push(`${place}: timeoutSeconds is ${String(timeoutSeconds)}`);
  }
  if (maxAttempts !== undefined && !isCount(maxAttempts)) {
    problems.push(`${place}: maxAttempts is ${String(maxAttempts)}`);
  }
  if (step["if"] !== undefined || step["loop"] !== undefined)
    problems.push(`${place}: if and loop are not known here`);
  const check = actionModules[String(action)];
  if (check === undefined) return [...problems, `${place}: there is no action ${String(action)} for Linux`];
  return [
    ...problems,
    ...check(inputs).map((text) => `${place}: ${text}`),
    ...expressions(inputs).map((text) => `${place}: ${text}`),
  ];
}

/** `{{` begins an expression of AWSTOE wherever it stands in the inputs, also in a shell script. */
function expressions(value: unknown): readonly string[] {
  if (typeof value === "string") return value.includes("{{") ? ["an expression that nothing defines"] : [];
  if (Array.isArray(value)) return value.flatMap(expressions);
  return isRecord(value) ? Object.values(value).flatMap(expressions) : [];
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value > 0;
}

function repeated(what: string, names: readonly unknown[]): readonly string[] {
  return names
    .filter((name, at) => names.indexOf(name) !== at)
    .map((name) => `${what} ${String(name)} twice`);
}

function unknownKeys(
  what: string,
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${what}: unknown key ${key}`);
}

function listOf(value: unknown, what: string, problems: string[]): readonly Record<string, unknown>[] {
  if (Array.isArray(value) && value.length > 0 && value.every(isRecord)) return value;
  problems.push(`${what}: wanted a list of mappings`);
  return [];
}
