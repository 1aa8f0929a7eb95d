import { isRecord } from "./check.ts";
import { type Decoded, scalar } from "./decode-values.ts";
import type { RawRequest } from "./http-message.ts";
import { type Member, type Model, shapeOf } from "./model.ts";

interface Tree {
  text?: string;
  readonly below: Map<string, Tree>;
}

/** The protocols of EC2 and of older services: a form whose names are paths. */
export function decodeForm(model: Model, request: RawRequest): Decoded | undefined {
  const form = new URLSearchParams(request.body.toString("utf8"));
  const operation = model.operations[form.get("Action") ?? ""];
  if (operation === undefined) return undefined;
  form.delete("Action");
  form.delete("Version");
  const root: Tree = { below: new Map() };
  for (const [key, text] of form) {
    let tree = root;
    for (const part of key.split(".")) {
      const next = tree.below.get(part) ?? { below: new Map() };
      tree.below.set(part, next);
      tree = next;
    }
    tree.text = text;
  }
  const unknown: string[] = [];
  const input =
    operation.input === undefined ? {} : fromTree(model, operation.input.shape, root, unknown, "");
  return { operation, input: isRecord(input) ? input : {}, unknown };
}

function formName(model: Model, name: string, member: Member): string {
  if (model.metadata.protocol === "query") {
    const shape = shapeOf(model, member.shape);
    const flat = shape.flattened === true || member.flattened === true;
    return flat ? (shape.member?.locationName ?? member.locationName ?? name) : (member.locationName ?? name);
  }
  if (member.queryName !== undefined) return member.queryName;
  const wire = member.locationName ?? name;
  return `${wire.charAt(0).toUpperCase()}${wire.slice(1)}`;
}

function fromTree(model: Model, shapeName: string, tree: Tree, unknown: string[], path: string): unknown {
  const shape = shapeOf(model, shapeName);
  if (shape.type === "structure") {
    const known = new Map(
      Object.entries(shape.members ?? {}).map(([name, member]) => [formName(model, name, member), name]),
    );
    const out: Record<string, unknown> = {};
    for (const [wire, below] of tree.below) {
      const name = known.get(wire);
      const member = name === undefined ? undefined : shape.members?.[name];
      if (name === undefined || member === undefined) unknown.push(`${path}${wire}`);
      else out[name] = fromTree(model, member.shape, below, unknown, `${path}${wire}.`);
    }
    return out;
  }
  if (shape.type === "list") {
    const flat = model.metadata.protocol === "ec2" || shape.flattened === true;
    const items = flat ? tree : tree.below.get(shape.member?.locationName ?? "member");
    const entries = [...(items?.below ?? [])].sort(([a], [b]) => Number(a) - Number(b));
    return entries.map(([, below]) => fromTree(model, shape.member?.shape ?? "", below, unknown, path));
  }
  return scalar(shape.type, tree.text ?? "");
}
