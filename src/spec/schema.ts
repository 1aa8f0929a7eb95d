import { z } from "zod";
import { findBytes } from "../core/units.ts";
import { ImageBuilder, Publish, Rollout } from "./aws-schema.ts";
import { Packer } from "./packer-schema.ts";

/** The spec, `igneous.yaml`, as a person writes it. Unknown keys are errors. */

const name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/u,
    "wanted lower-case letters, digits and dashes (at most 63)",
  );
const role = z.enum(["control-plane", "worker"]);
const absolutePath = z
  .string()
  .regex(/^\/(?!.*(?:^|\/)\.\.(?:\/|$))[^\0]*$/u, "wanted an absolute path without '..'");
const size = z
  .string()
  .refine((text) => findBytes(text) !== undefined, "wanted a size such as 8GiB or 500MB");
const version = z
  .string({ error: "wanted a version in quotes or with three parts, such as 1.34.1" })
  .regex(/^\d+\.\d+\.\d+$/u, "wanted a version with three parts, such as 1.34.1");

const mount = z.strictObject({
  source: absolutePath,
  destination: absolutePath,
  readOnly: z.boolean().optional(),
  propagation: z.enum(["private", "rprivate", "slave", "rslave", "shared", "rshared"]).optional(),
  file: z.boolean().optional().describe("true when the source is a file"),
});

const container = z.strictObject({
  image: z.string().optional(),
  enabled: z.boolean().optional().describe("false leaves a catalogue entry out"),
  roles: z.array(role).min(1).optional(),
  command: z.array(z.string()).min(1).optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  mounts: z.array(mount).optional(),
  user: z.number().int().min(0).max(65_535).optional(),
  capabilities: z
    .array(z.string().regex(/^CAP_[A-Z_]+$/u, "wanted a capability such as CAP_NET_ADMIN"))
    .optional(),
  type: z.enum(["notify", "exec"]).optional(),
  after: z.array(z.string()).optional(),
  ready: z.string().optional().describe("shell command that succeeds when the container serves"),
});

const check = z.strictObject({
  name,
  command: z.string().min(1).describe("run by sh on the booted node"),
  expect: z
    .strictObject({
      exit: z.number().int().min(0).max(255).optional(),
      contains: z.string().optional(),
      matches: z.string().optional(),
    })
    .optional(),
  roles: z.array(role).optional(),
  wait: z
    .number()
    .min(0)
    .max(3600)
    .optional()
    .describe(
      "seconds, on hardware, in which a wrong answer is asked for again; at once a failure when not given",
    ),
});

const preload = z.union([
  z.string(),
  z.strictObject({
    image: z.string(),
    name: z.string().min(1).describe("name by which pods ask for it; the reference when not given"),
  }),
]);

const registry = z.strictObject({
  mirrors: z.array(z.string()).optional(),
  plainHttp: z.boolean().optional(),
  caFile: z.string().optional(),
});

export const Spec = z.strictObject({
  schemaVersion: z.literal(1, { error: "this igneous reads schemaVersion 1" }),
  name,
  platform: z.enum(["linux/amd64"]).default("linux/amd64"),
  kubernetes: z.strictObject({
    version,
    imageRepository: z.string().min(1).default("registry.k8s.io"),
    podSubnet: z.cidrv4().optional(),
    serviceSubnet: z.cidrv4().optional(),
    runtime: z
      .enum(["system-containers", "static-pods"])
      .optional()
      .describe("who runs the containers of the node: systemd (default), or the kubelet"),
  }),
  geth: z
    .strictObject({
      image: z.string().optional(),
      network: z.enum(["mainnet", "sepolia", "holesky", "hoodi", "dev"]).default("mainnet"),
    })
    .prefault({}),
  base: z
    .strictObject({
      debian: z.strictObject({
        suite: z.enum(["trixie"]).default("trixie"),
        packages: z
          .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/u, "wanted a Debian package name"))
          .default([]),
        mirror: z.url().optional(),
      }),
    })
    .prefault({ debian: {} }),
  containers: z.record(name, container).default({}),
  preload: z.array(preload).default([]),
  features: z
    .array(
      z.union([
        z.enum(["cockpit", "log-forwarder", "node-exporter", "podman", "ssm-agent"]),
        z.strictObject({ selinux: z.enum(["enforcing", "permissive"]) }),
      ]),
    )
    .optional()
    .describe("optional parts of a node"),
  health: z
    .strictObject({
      tries: z
        .number()
        .int()
        .min(1)
        .max(5)
        .optional()
        .describe(
          "boots that a new deployment has to become healthy before the previous one is booted (default 3)",
        ),
      seconds: z
        .number()
        .int()
        .min(30)
        .max(86_400)
        .optional()
        .describe("how long each boot may take to become healthy, on hardware (default 600)"),
    })
    .optional(),
  registries: z.record(z.string(), registry).default({}),
  butane: z
    .strictObject({
      image: z.string().optional(),
      launch: z.string().optional(),
      variables: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
        .default({}),
    })
    .prefault({}),
  kernelArguments: z.array(z.string().regex(/^\S+$/u, "wanted one argument without white space")).default([]),
  disk: z
    .strictObject({ size: size.optional().describe("as small as the content allows when not given") })
    .prefault({}),
  bootTest: z
    .strictObject({
      roles: z
        .array(name)
        .optional()
        .describe(
          "roles, or names of single containers, that the boot check starts (default: butane.variables.roles, else both roles)",
        ),
      memory: size.default("2GiB"),
      cpus: z.number().int().min(1).max(64).default(2),
    })
    .prefault({}),
  checks: z.array(check).default([]),
  imageBuilder: ImageBuilder.optional().describe("what `--builder imagebuilder` needs to know"),
  packer: Packer.optional().describe("what `--builder packer` needs to know"),
  publish: Publish.optional().describe("where the image becomes AMIs, and who may use them"),
  rollout: Rollout.optional().describe("which Auto Scaling groups run the image, and how they get a new one"),
});

/** The spec with its defaults filled in. */
export type Spec = z.infer<typeof Spec>;

/** JSON schema of the spec, for editors. */
export function specJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(Spec, { io: "input" });
}

/** The keys that the schema knows at a path of the spec; none where any key is allowed. */
export function knownKeysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = Spec;
  for (const part of path) {
    schema = unwrap(schema);
    if (schema instanceof z.ZodObject) schema = schema.shape[String(part)];
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
    else if (schema instanceof z.ZodArray) schema = schema.element;
    else return [];
  }
  const object = unwrap(schema);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function unwrap(schema: unknown): unknown {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodExactOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) {
    inner = inner.unwrap();
  }
  return inner;
}
