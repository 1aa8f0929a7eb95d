import Handlebars from "handlebars";
import { encoders } from "./encoders.ts";

/** Helpers with a block whose condition or list must be known. */
export const blockHelpers = ["each", "if", "unless", "with"] as const;

/** A variable as a template names it. */
export interface TemplateName {
  readonly name: string;
  /** It is one of the variables themselves, not a field of what `each` or `with` walks through. */
  readonly isOutermost: boolean;
}

interface Place {
  readonly line: number;
  readonly column: number;
}

export function placeOf(start: Place | undefined): string {
  return start === undefined ? "" : `${start.line}:${start.column}`;
}

/** The names in a template by their place and, where a helper has one, by the place of its call. Columns start at 0. */
export function namesByPlace(program: hbs.AST.Program): ReadonlyMap<string, TemplateName> {
  const names = new Map<string, TemplateName>();
  walk(program, 0, (path, depth, call) => {
    const name = String(path.parts.join("."));
    if (name === "" || path.data) return;
    const found = { name, isOutermost: depth === path.depth && path.parts.length === 1 };
    names.set(placeOf(path.loc.start), found);
    if (call !== undefined) names.set(placeOf(call.loc.start), found);
  });
  return names;
}

/** The variables that a template can ask for; undefined when it chooses them itself (`lookup`), or cannot be read. */
export function templateVariables(source: string): ReadonlySet<string> | undefined {
  const variables = new Set<string>();
  let isOpen = false;
  try {
    // A field of what `each` walks through counts as a variable too: better one too many.
    walk(Handlebars.parse(source), 0, (path) => {
      if (path.original === "lookup") isOpen = true;
      const [first = "", second = ""] = path.parts.map(String);
      variables.add(path.data && first === "root" ? second : first);
    });
  } catch {
    return undefined;
  }
  return isOpen ? undefined : variables;
}

type Visit = (path: hbs.AST.PathExpression, depth: number, call: hbs.AST.Node | undefined) => void;

/** Visits every path of a tree; `depth` counts the contexts that `each` and `with` open around it. */
function walk(node: unknown, depth: number, visit: Visit): void {
  if (isPath(node)) return visit(node, depth, undefined);
  if (!isCall(node)) {
    if (isProgram(node)) for (const statement of node.body) walk(statement, depth, visit);
    return;
  }
  const { path, params, hash, program, inverse } = node;
  const isHelper = isPath(path) && (isKnownHelper(path.original) || params.length > 0);
  if (!isHelper || path.original === "lookup") walk(path, depth, visit);
  for (const [index, param] of params.entries()) {
    if (index === 0 && isPath(param)) visit(param, depth, node);
    else walk(param, depth, visit);
  }
  for (const { value } of hash?.pairs ?? []) walk(value, depth, visit);
  const opens = isPath(path) && (path.original === "each" || path.original === "with");
  walk(program, opens ? depth + 1 : depth, visit);
  walk(inverse, depth, visit);
}

function isKnownHelper(name: string): boolean {
  return name in encoders || (blockHelpers as readonly string[]).includes(name) || name === "lookup";
}

interface Call extends hbs.AST.Node {
  readonly path: hbs.AST.Expression;
  readonly params: readonly hbs.AST.Expression[];
  readonly hash?: hbs.AST.Hash;
  readonly program?: hbs.AST.Program;
  readonly inverse?: hbs.AST.Program;
}

function isPath(node: unknown): node is hbs.AST.PathExpression {
  return (node as hbs.AST.Node | undefined)?.type === "PathExpression";
}

function isProgram(node: unknown): node is hbs.AST.Program {
  return (node as hbs.AST.Node | undefined)?.type === "Program";
}

function isCall(node: unknown): node is Call {
  return ["MustacheStatement", "BlockStatement", "SubExpression"].includes(
    (node as hbs.AST.Node | undefined)?.type ?? "",
  );
}
