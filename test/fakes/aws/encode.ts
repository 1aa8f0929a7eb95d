import { isRecord } from "./check.ts";
import { type Member, type Model, type Operation, shapeOf } from "./model.ts";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Writes an answer by its service's protocol. Members that the model does not know are an error. */
export function encodeAnswer(
  model: Model,
  operation: Operation,
  output: Readonly<Record<string, unknown>>,
  requestId: string,
): RawAnswer {
  const status = operation.http.responseCode ?? 200;
  const { protocol } = model.metadata;
  if (protocol === "ec2" || protocol === "query") {
    const inner = operation.output === undefined ? "" : xmlMembers(model, operation.output.shape, output);
    return xml(status, formAnswer(model, operation, inner, requestId), requestId);
  }
  if (operation.output === undefined) return json(status, {}, model, requestId);
  const shape = shapeOf(model, operation.output.shape);
  const headers: Record<string, string> = {};
  const body: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(shape.members ?? {})) {
    const value = output[name];
    if (value === undefined || name === shape.payload) continue;
    const wire = member.locationName ?? name;
    if (member.location === "header") headers[wire] = String(value);
    else body[wire] = toJson(model, member, value);
  }
  const payload = shape.payload === undefined ? undefined : output[shape.payload];
  if (payload instanceof Uint8Array) {
    const content = { "content-type": "application/octet-stream", "x-amzn-requestid": requestId };
    return { status, headers: { ...headers, ...content }, body: Buffer.from(payload) };
  }
  const answer = json(status, body, model, requestId);
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

/** Writes an error in the envelope of the protocol. */
export function encodeError(
  model: Model,
  error: {
    readonly code: string;
    readonly message: string;
    readonly status: number;
    readonly reason?: string;
  },
  requestId: string,
): RawAnswer {
  const { code, message, status, reason } = error;
  const inner = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
  switch (model.metadata.protocol) {
    case "ec2": {
      const text = `<Response><Errors><Error>${inner}</Error></Errors><RequestID>${requestId}</RequestID></Response>`;
      return xml(status, text, requestId);
    }
    case "query": {
      const type = status >= 500 ? "Receiver" : "Sender";
      const text = `<ErrorResponse xmlns="${model.metadata.xmlNamespace}"><Error><Type>${type}</Type>${inner}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
      return xml(status, text, requestId);
    }
    default: {
      const text = {
        __type: code,
        message,
        Message: message,
        ...(reason === undefined ? {} : { Reason: reason }),
      };
      const answer = json(status, text, model, requestId);
      return { ...answer, headers: { ...answer.headers, "x-amzn-errortype": code } };
    }
  }
}

function formAnswer(model: Model, operation: Operation, inner: string, requestId: string): string {
  const open = `<${operation.name}Response xmlns="${model.metadata.xmlNamespace}">`;
  const close = `</${operation.name}Response>`;
  if (model.metadata.protocol === "ec2") {
    return `${open}<requestId>${requestId}</requestId>${inner}${close}`;
  }
  const wrapper = operation.output?.resultWrapper;
  const result = wrapper === undefined ? inner : `<${wrapper}>${inner}</${wrapper}>`;
  return `${open}${result}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>${close}`;
}

function xml(status: number, text: string, requestId: string): RawAnswer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`);
  return {
    status,
    headers: { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId },
    body,
  };
}

function json(status: number, value: object, model: Model, requestId: string): RawAnswer {
  const type =
    model.metadata.protocol === "json"
      ? `application/x-amz-json-${model.metadata.jsonVersion ?? "1.1"}`
      : "application/json";
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { "content-type": type, "x-amzn-requestid": requestId }, body };
}

function xmlMembers(model: Model, shapeName: string, value: Readonly<Record<string, unknown>>): string {
  const members = shapeOf(model, shapeName).members ?? {};
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => {
      const member = members[name];
      if (member === undefined) throw new Error(`${shapeName} has no member ${name}`);
      return xmlElement(model, member.locationName ?? name, member, item);
    })
    .join("");
}

function xmlElement(model: Model, tag: string, member: Member, value: unknown): string {
  const shape = shapeOf(model, member.shape);
  if (shape.type === "structure" && isRecord(value)) {
    return `<${tag}>${xmlMembers(model, member.shape, value)}</${tag}>`;
  }
  if (shape.type === "list" && Array.isArray(value)) {
    const inner = shape.member ?? { shape: "String" };
    const flat = shape.flattened === true || member.flattened === true;
    const itemTag = flat ? tag : (inner.locationName ?? "member");
    const items = value.map((item) => xmlElement(model, itemTag, inner, item)).join("");
    return flat ? items : `<${tag}>${items}</${tag}>`;
  }
  if (value instanceof Date) return `<${tag}>${value.toISOString()}</${tag}>`;
  if (value instanceof Uint8Array) return `<${tag}>${Buffer.from(value).toString("base64")}</${tag}>`;
  return `<${tag}>${escapeXml(String(value))}</${tag}>`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function toJson(model: Model, member: Member, value: unknown): unknown {
  const shape = shapeOf(model, member.shape);
  if (value instanceof Date) {
    const format = member.timestampFormat ?? shape.timestampFormat;
    return format === "iso8601" ? value.toISOString() : value.getTime() / 1000;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (shape.type === "structure" && isRecord(value) && shape.document !== true) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([name, item]) => {
          const inner = shape.members?.[name];
          if (inner === undefined) throw new Error(`${member.shape} has no member ${name}`);
          return [inner.locationName ?? name, toJson(model, inner, item)];
        }),
    );
  }
  if (shape.type === "list" && Array.isArray(value)) {
    return value.map((item) => toJson(model, shape.member ?? { shape: "String" }, item));
  }
  if (shape.type === "map" && isRecord(value)) {
    const inner = shape.value ?? { shape: "String" };
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(model, inner, item)]));
  }
  return value;
}
