import { type Model, shapeOf } from "./model.ts";

/** Everything in which a value differs from its shape: unknown and missing members, types, enums, patterns, ranges. */
export function checkValue(model: Model, shapeName: string, value: unknown, path = ""): readonly string[] {
  const shape = shapeOf(model, shapeName);
  const here = path === "" ? shapeName : path;
  const bad = (message: string): readonly string[] => [`${here}: ${message}`];
  const within = (amount: number, what: string): readonly string[] => {
    if (shape.min !== undefined && amount < shape.min) return bad(`${what} ${amount} < ${shape.min}`);
    if (shape.max !== undefined && amount > shape.max) return bad(`${what} ${amount} > ${shape.max}`);
    return [];
  };
  if (shape.document === true) return [];
  switch (shape.type) {
    case "structure": {
      if (!isRecord(value)) return bad(`${typeof value} where a structure is wanted`);
      const members = shape.members ?? {};
      const missing = (shape.required ?? [])
        .filter((name) => value[name] === undefined && members[name]?.location !== "statusCode")
        .map((name) => `${here}: required member ${name} is missing`);
      const set = Object.entries(value).filter(([, item]) => item !== undefined);
      const union =
        shape.union === true && set.length !== 1 ? bad(`${set.length} members of a union are set`) : [];
      const inner = set.flatMap(([name, item]) => {
        const member = members[name];
        if (member === undefined) return [`${here}: unknown member ${name}`];
        return checkValue(model, member.shape, item, `${here}.${name}`);
      });
      return [...missing, ...union, ...inner];
    }
    case "list": {
      if (!Array.isArray(value)) return bad(`${typeof value} where a list is wanted`);
      const item = shape.member?.shape ?? "";
      return [
        ...within(value.length, "count"),
        ...value.flatMap((entry, i) => checkValue(model, item, entry, `${here}[${i}]`)),
      ];
    }
    case "map":
      if (!isRecord(value)) return bad(`${typeof value} where a map is wanted`);
      return Object.entries(value).flatMap(([key, item]) => [
        ...checkValue(model, shape.key?.shape ?? "", key, `${here}{key}`),
        ...checkValue(model, shape.value?.shape ?? "", item, `${here}{${key}}`),
      ]);
    case "string":
    case "character": {
      if (typeof value !== "string") return bad(`${typeof value} where text is wanted`);
      if (shape.enum !== undefined && !shape.enum.includes(value))
        return bad(`'${value}' is not in the enum`);
      const pattern = shape.pattern === undefined ? undefined : javaPattern(shape.pattern);
      if (pattern !== undefined && !pattern.test(value))
        return bad(`'${value}' does not match ${shape.pattern}`);
      return within(value.length, "length");
    }
    case "integer":
    case "long":
      if (!Number.isSafeInteger(value)) return bad(`${String(value)} where an integer is wanted`);
      return within(Number(value), "value");
    case "float":
    case "double":
      if (typeof value !== "number" || Number.isNaN(value))
        return bad(`${String(value)} where a number is wanted`);
      return within(value, "value");
    case "boolean":
      return typeof value === "boolean" ? [] : bad(`${String(value)} where a boolean is wanted`);
    case "timestamp":
      return value instanceof Date && !Number.isNaN(value.getTime()) ? [] : bad("no time");
    case "blob":
      return value instanceof Uint8Array ? within(value.length, "bytes") : bad("no bytes");
    default:
      return bad(`unknown type ${shape.type}`);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const compiled = new Map<string, RegExp | undefined>();

/** A pattern of the model, which is written for Java; undefined where JavaScript has no equal. */
function javaPattern(pattern: string): RegExp | undefined {
  if (!compiled.has(pattern)) compiled.set(pattern, compile(pattern));
  return compiled.get(pattern);
}

function compile(pattern: string): RegExp | undefined {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      continue;
    }
  }
  return undefined;
}
