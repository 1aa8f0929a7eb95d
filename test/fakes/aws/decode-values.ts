import { isRecord } from "./check.ts";
import { type Model, type Operation, shapeOf } from "./model.ts";

/** What a request asks for. */
export interface Decoded {
  readonly operation: Operation;
  readonly input: Record<string, unknown>;
  /** What the request holds and the model does not know. */
  readonly unknown: readonly string[];
}

/** Text of a form, a header or a path as a value of its type; what does not fit stays text, for the check to find. */
export function scalar(type: string, text: string): unknown {
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

/** A value of JSON with the members and types that the model gives it. */
export function fromJson(model: Model, shapeName: string, value: unknown): unknown {
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
