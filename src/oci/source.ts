import { resolve } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import type { ImageSource } from "./image-source.ts";
import { openLayout } from "./layout.ts";
import type { Reference } from "./reference.ts";

/** How a registry is reached; the `registries:` of the spec, by host name. */
export interface RegistrySettings {
  /** Tried in this order before the registry itself: hosts, or OCI layouts (`oci:FOLDER`) for a bake without network. */
  readonly mirrors?: readonly string[] | undefined;
  readonly plainHttp?: boolean | undefined;
  /** PEM file of certificate authorities to trust besides the system's. */
  readonly caFile?: string | undefined;
}

export interface SourceOptions {
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  /** Folder that relative paths start from; the current one when not given. */
  readonly folder?: string;
}

/** Opens the place that a reference names. Nothing is fetched yet from a registry. */
export async function openSource(
  _context: Context,
  reference: Reference,
  options: SourceOptions = {},
): Promise<ImageSource> {
  if (reference.kind === "layout") return openLayout(resolve(options.folder ?? ".", reference.folder));
  throw new IgneousError("registry-failed", `${reference.registry} cannot be reached`);
}
