import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { requirePythonTool } from "./python.ts";

/** The parts of botocore's service-2.json that the simulator reads. */
export interface Shape {
  readonly type: string;
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, Member>>;
  readonly member?: Member;
  readonly key?: Member;
  readonly value?: Member;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
  readonly flattened?: boolean;
  readonly payload?: string;
  readonly union?: boolean;
  readonly document?: boolean;
  readonly timestampFormat?: string;
  readonly error?: { readonly code?: string; readonly httpStatusCode?: number };
}

export interface Member {
  readonly shape: string;
  readonly locationName?: string;
  readonly queryName?: string;
  readonly location?: "uri" | "header" | "headers" | "querystring" | "statusCode";
  readonly flattened?: boolean;
  readonly idempotencyToken?: boolean;
  readonly timestampFormat?: string;
}

export interface Operation {
  readonly name: string;
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode?: number };
  readonly input?: { readonly shape: string };
  readonly output?: { readonly shape: string; readonly resultWrapper?: string };
  readonly errors?: readonly { readonly shape: string }[];
}

export type Protocol = "ec2" | "query" | "json" | "rest-json";

export interface Model {
  readonly metadata: {
    readonly protocol: Protocol;
    readonly protocols?: readonly string[];
    readonly xmlNamespace?: string;
    readonly targetPrefix?: string;
    readonly jsonVersion?: string;
  };
  readonly operations: Readonly<Record<string, Operation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** Services whose signing name is not the name of their model. */
const folders: Readonly<Record<string, string>> = { monitoring: "cloudwatch" };

const loaded = new Map<string, Model>();

/** The API model of a service as AWS publishes it with botocore (`ec2`, `ebs`, `ssm`, `autoscaling`, …). */
export function loadModel(service: string): Model {
  const known = loaded.get(service);
  if (known !== undefined) return known;
  const lib = join(requirePythonTool("python3"), "..", "..", "lib");
  const python = readdirSync(lib).find((name) => name.startsWith("python3")) ?? "python3";
  const folder = join(lib, python, "site-packages", "botocore", "data", folders[service] ?? service);
  const newest = readdirSync(folder).sort().at(-1) ?? "";
  const model: Model = JSON.parse(
    gunzipSync(readFileSync(join(folder, newest, "service-2.json.gz"))).toString("utf8"),
  );
  // Of the protocols of a service that has several, the simulator speaks the one that the SDK chooses.
  const isJson = model.metadata.protocols?.includes("json") === true;
  const spoken = isJson ? { ...model, metadata: { ...model.metadata, protocol: "json" as const } } : model;
  loaded.set(service, spoken);
  return spoken;
}

export function shapeOf(model: Model, name: string): Shape {
  const shape = model.shapes[name];
  if (shape === undefined) throw new Error(`the model has no shape ${name}`);
  return shape;
}
