import { isRecord } from "./check.ts";
import { decodeForm } from "./decode-form.ts";
import { type Decoded, fromJson, scalar } from "./decode-values.ts";
import type { RawRequest } from "./http-message.ts";
import { type Member, type Model, shapeOf } from "./model.ts";

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

function decodeJson(model: Model, request: RawRequest): Decoded | undefined {
  const target = String(request.headers["x-amz-target"] ?? "").split(".")[1] ?? "";
  const operation = model.operations[target];
  if (operation === undefined) return undefined;
  const body: unknown = JSON.parse(request.body.toString("utf8") || "{}");
  const input = operation.input === undefined ? {} : fromJson(model, operation.input.shape, body);
  return { operation, input: isRecord(input) ? input : {}, unknown: [] };
}

/** Services whose operations are methods and paths; the members are in the path, the query, headers and the body. */
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
