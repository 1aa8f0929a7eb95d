import type { ContainerEntry } from "./container-entry.ts";

/**
 * The part of an OCI image's configuration that says how to start it.
 * https://github.com/opencontainers/image-spec/blob/main/config.md#properties
 */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[] | null | undefined;
  readonly Cmd?: readonly string[] | null | undefined;
  readonly Env?: readonly string[] | null | undefined;
  readonly User?: string | undefined;
  readonly WorkingDir?: string | undefined;
}

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The program and its words: a command or arguments of the entry take the place of the image's, as in Kubernetes. */
export function processArgs(entry: ContainerEntry, image: ImageConfig): readonly string[] {
  const command = entry.command ?? image.Entrypoint ?? [];
  const args = entry.args ?? (entry.command === undefined ? (image.Cmd ?? []) : []);
  return [...command, ...args];
}

/** The image's environment with the entry's laid over it, sorted, and always with a PATH. */
export function processEnv(entry: ContainerEntry, image: ImageConfig): readonly string[] {
  const variables = new Map([["PATH", searchPath]]);
  for (const line of image.Env ?? []) {
    const at = line.indexOf("=");
    if (at > 0) variables.set(line.slice(0, at), line.slice(at + 1));
  }
  for (const [name, value] of Object.entries(entry.env)) variables.set(name, value);
  return Array.from(variables, ([name, value]) => `${name}=${value}`).sort();
}

/** User and group ids. A user given by name cannot be looked up without running the image: that is undefined. */
export function findUser(
  entry: ContainerEntry,
  image: ImageConfig,
): { readonly uid: number; readonly gid: number } | undefined {
  if (entry.user !== undefined) return { uid: entry.user, gid: entry.user };
  const [uid = "", gid = uid] = (image.User ?? "").split(":");
  if (uid === "" || uid === "root") return { uid: 0, gid: 0 };
  if (!/^\d{1,9}$/u.test(uid) || !/^\d{1,9}$/u.test(gid)) return undefined;
  return { uid: Number(uid), gid: Number(gid) };
}
