import { templateVariables } from "../butane/template-names.ts";
import type { Diagnostic } from "../core/report.ts";
import { renderPath } from "../core/schema-problems.ts";
import { findSuggestion } from "../core/suggest.ts";
import { refuse } from "../spec/load.ts";
import type { Spec } from "../spec/schema.ts";
import type { Project } from "./project.ts";

export type Variables = Readonly<Record<string, unknown>>;

/** The variables of a project's templates: igneous' defaults, the spec's over them, and what a machine has over those. */
export function variablesOf({ spec }: Project["loaded"], overrides: Variables): Variables {
  return { ...defaultsOf(spec), ...spec.butane.variables, ...overrides };
}

function defaultsOf({ name }: Spec): Variables {
  return { hostname: name, roles: [], sshKeys: [], nodeConfig: [], clusterCa: "", gethVolume: "" };
}

/** What the boot check starts: `bootTest.roles`, else what the launch template is given, else all there is. */
export function bootRoles({ bootTest, butane }: Spec): readonly string[] {
  if (bootTest.roles !== undefined) return bootTest.roles;
  const { roles } = butane.variables;
  return Array.isArray(roles) && roles.length > 0 ? roles : ["control-plane", "worker"];
}

/** What to do about a variable that a template asks for and nothing sets. */
export function adviseMissing({ loaded }: Pick<Project, "loaded">, name: string): string {
  const meant = findSuggestion(name, Object.keys(variablesOf(loaded, {})));
  const line = loaded.document.positionOf(["butane", "variables"])?.line;
  const where = line === undefined ? loaded.file : `${loaded.file}:${line}`;
  const set = `set butane.variables.${name} in ${where}`;
  return meant === undefined ? set : `did you mean '${meant}'? If not, ${set}`;
}

/** Refuses variables of the spec that no template asks for, and single values where igneous' own variables are lists. */
export function requireVariables(project: Project): void {
  const { loaded, imageTemplate, launchTemplate } = project;
  const { butane, rollout } = loaded.spec;
  const asked = (sources: readonly (string | undefined)[]): readonly string[] | undefined => {
    const found = sources.flatMap((source) => (source === undefined ? [] : [templateVariables(source)]));
    return found.includes(undefined) ? undefined : found.flatMap((names) => [...(names ?? [])]);
  };
  const launch = asked([launchTemplate?.source]);
  const both = asked([imageTemplate?.source, launchTemplate?.source]);
  const problems = [
    ...problemsOf(loaded, ["butane", "variables"], butane.variables, both),
    ...(rollout?.groups ?? []).flatMap(({ variables = {} }, index) =>
      problemsOf(loaded, ["rollout", "groups", index, "variables"], variables, launch),
    ),
  ];
  refuse(loaded.file, loaded.source, problems);
}

function problemsOf(
  { document, spec }: Project["loaded"],
  path: readonly PropertyKey[],
  variables: Variables,
  asked: readonly string[] | undefined,
): readonly Diagnostic[] {
  const defaults = defaultsOf(spec);
  return Object.entries(variables).flatMap(([name, value]): readonly Diagnostic[] => {
    const position = document.positionOfKey([...path, name]);
    const at = { severity: "error" as const, ...(position === undefined ? {} : { position }) };
    if (asked !== undefined && !asked.includes(name)) {
      const known = [...new Set(asked)].filter((word) => word !== "" && word !== "this");
      const meant = findSuggestion(name, known);
      const ask = known.length === 0 ? "no variables" : known.join(", ");
      const hint =
        meant === undefined ? `take it out; the templates ask for: ${ask}` : `did you mean '${meant}'?`;
      return [{ ...at, path: renderPath(path), message: `no template asks for '${name}'`, hint }];
    }
    if (Array.isArray(defaults[name]) && !Array.isArray(value)) {
      const message = `wanted a list, such as [${String(value)}]`;
      return [{ ...at, path: renderPath([...path, name]), message }];
    }
    return [];
  });
}
