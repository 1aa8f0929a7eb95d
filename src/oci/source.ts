import { resolve } from "node:path";
import type { Context } from "../core/context.ts";
import type { HttpTimeouts } from "../host/http.ts";
import type { CredentialSource } from "./credentials.ts";
import type { ImageSource } from "./image-source.ts";
import { openLayout } from "./layout.ts";
import { withMirrors } from "./mirrors.ts";
import { parseReference, type Reference, type RegistryReference } from "./reference.ts";
import { defaultRetryPolicy, type RetryPolicy } from "./retry-policy.ts";

/** How a registry is reached; the `registries:` of the spec, by host name. */
export interface RegistrySettings {
  /** Tried in this order before the registry itself: `host[:port][/path]`, or `oci:FOLDER` for a bake without network. */
  readonly mirrors?: readonly string[] | undefined;
  /** Without TLS. Localhost is spoken to like that when nothing is said. */
  readonly plainHttp?: boolean | undefined;
  /** PEM file of certificate authorities to trust besides those that Node trusts. */
  readonly caFile?: string | undefined;
}

export interface SourceOptions {
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  /** Folder that relative paths start from; the current one when not given. */
  readonly folder?: string;
  /** Asked when no credential file knows a registry. */
  readonly credentialSource?: CredentialSource;
  readonly retryPolicy?: RetryPolicy;
  readonly timeouts?: HttpTimeouts;
}

/** Opens the place that a reference names, with its mirrors before it. Registries are not asked anything yet. */
export async function openSource(
  context: Context,
  reference: Reference,
  options: SourceOptions = {},
): Promise<ImageSource> {
  if (reference.kind === "layout") return openLayout(resolve(options.folder ?? ".", reference.folder));
  const origin = await openOrigin(context, reference, options);
  const mirrors = options.registries?.[reference.registry]?.mirrors ?? [];
  if (mirrors.length === 0) return origin;
  return withMirrors(
    context,
    reference,
    mirrors.map((mirror) => () => openMirror(context, reference, mirror, options)),
    origin,
  );
}

async function openMirror(
  context: Context,
  { repository }: RegistryReference,
  mirror: string,
  options: SourceOptions,
): Promise<ImageSource> {
  if (mirror.startsWith("oci:")) return openSource(context, parseReference(mirror), options);
  const mirrored = parseReference(`${mirror.replace(/\/+$/u, "")}/${repository}`);
  if (mirrored.kind !== "registry") throw new Error("a mirror is a registry");
  // There is somewhere else to go, so that a mirror is not waited for as long as the registry itself.
  const policy = options.retryPolicy ?? defaultRetryPolicy;
  return openOrigin(context, mirrored, {
    ...options,
    retryPolicy: { ...policy, attempts: Math.min(2, policy.attempts) },
  });
}

/** The HTTP client is loaded only where it is needed: starting up takes longer with it. */
async function openOrigin(
  context: Context,
  reference: RegistryReference,
  options: SourceOptions,
): Promise<ImageSource> {
  const { openRegistrySource } = await import("./registry-source.ts");
  return openRegistrySource(context, reference, options);
}
