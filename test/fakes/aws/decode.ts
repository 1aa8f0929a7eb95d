import { isRecord } from "./check.ts";
import { type Member, type Model, type Operation, shapeOf } from "./model.ts";

/** A request as it came, with its body. */
export interface RawRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Decoded {
  readonly operation: Operation;
  readonly input: Record<string, unknown>;
  /** What the request holds and the model does not know. */
  readonly unknown: readonly string[];
}

/** Reads a request by its service's protocol; undefined when it names no operation of the model. */
export function decodeRequest(model: Model, request: RawRequest): Decoded | undefined {
  switch (model.metadata.protocol) {
    case "ec2":
    case "query":
      return decodeForm(model, request);
    case "json":
      return decodeJson(model, request);
    case "rest-json":
      return decodeRest(model, request);
  }
}

interface Tree {
  text?: string;
  readonly below: Map<string, Tree>;
}

function decodeForm(model: Model, request: RawRequest): Decoded | undefined {
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

/** Text of a form, a header or a path as a value of its type; what does not fit stays text, for the check to find. */
function scalar(type: string, text: string): unknown {
  switch (type) {
    case "integer":
    case "long":
      return /^-?\d+$/u.test(text) ? Number(text) : text;
    case "float":
    case "double":
      return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "timestamp":
      return new Date(text);
    case "blob":
      return Buffer.from(text, "base64");
    default:
      return text;
  }
}

function decodeJson(model: Model, request: RawRequest): Decoded | undefined {
  const target = String(request.headers["x-amz-target"] ?? "").split(".")[1] ?? "";
  const operation = model.operations[target];
  if (operation === undefined) return undefined;
  const body: unknown = JSON.parse(request.body.toString("utf8") || "{}");
  const input = operation.input === undefined ? {} : fromJson(model, operation.input.shape, body);
  return { operation, input: isRecord(input) ? input : {}, unknown: [] };
}

function decodeRest(model: Model, request: RawRequest): Decoded | undefined {
  for (const operation of Object.values(model.operations)) {
    if (operation.http.method !== request.method) continue;
    const path = matchPath(operation.http.requestUri, request.url);
    if (path === undefined) continue;
    if (operation.input === undefined) return { operation, input: {}, unknown: [] };
    const shape = shapeOf(model, operation.input.shape);
    const input: Record<string, unknown> = {};
    const inBody: Record<string, Member> = {};
    for (const [name, member] of Object.entries(shape.members ?? {})) {
      const wire = member.locationName ?? name;
      const type = shapeOf(model, member.shape).type;
      const set = (text: string | undefined | null): void => {
        if (text !== undefined && text !== null) input[name] = scalar(type, text);
      };
      if (member.location === "uri") set(path.get(wire));
      else if (member.location === "querystring") set(request.url.searchParams.get(wire));
      else if (member.location === "header") set(headerText(request.headers[wire.toLowerCase()]));
      else inBody[wire] = { ...member, locationName: name };
    }
    const unknown: string[] = [];
    if (shape.payload !== undefined) input[shape.payload] = request.body;
    else if (request.body.length > 0) {
      for (const [wire, item] of Object.entries(JSON.parse(request.body.toString("utf8")))) {
        const member = inBody[wire];
        if (member?.locationName === undefined) unknown.push(wire);
        else input[member.locationName] = fromJson(model, member.shape, item);
      }
    }
    return { operation, input, unknown };
  }
  return undefined;
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(",") : header;
}

function matchPath(template: string, url: URL): ReadonlyMap<string, string> | undefined {
  const wanted = template.split("?")[0]?.split("/") ?? [];
  const given = url.pathname.split("/");
  if (wanted.length !== given.length) return undefined;
  const found = new Map<string, string>();
  for (const [index, part] of wanted.entries()) {
    const text = decodeURIComponent(given[index] ?? "");
    if (part.startsWith("{")) found.set(part.slice(1, -1), text);
    else if (part !== text) return undefined;
  }
  return found;
}

function fromJson(model: Model, shapeName: string, value: unknown): unknown {
  const shape = shapeOf(model, shapeName);
  if (shape.document === true) return value;
  if (shape.type === "structure" && isRecord(value)) {
    const names = new Map(
      Object.entries(shape.members ?? {}).map(([name, member]) => [member.locationName ?? name, name]),
    );
    return Object.fromEntries(
      Object.entries(value).map(([wire, item]) => {
        const name = names.get(wire) ?? wire;
        const member = shape.members?.[name];
        return [name, member === undefined ? item : fromJson(model, member.shape, item)];
      }),
    );
  }
  if (shape.type === "list" && Array.isArray(value)) {
    return value.map((item) => fromJson(model, shape.member?.shape ?? "", item));
  }
  if (shape.type === "map" && isRecord(value)) {
    const item = shape.value?.shape ?? "";
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, fromJson(model, item, entry)]),
    );
  }
  if (shape.type === "timestamp") {
    return new Date(typeof value === "number" ? value * 1000 : String(value));
  }
  if (shape.type === "blob" && typeof value === "string") return Buffer.from(value, "base64");
  return value;
}
