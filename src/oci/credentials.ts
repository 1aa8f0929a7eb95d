import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { run } from "../host/exec.ts";
import { findText } from "../host/files.ts";
import type { Credentials } from "./authorizer.ts";
import { CredentialFile, HelperAnswer, parseDocument } from "./schema.ts";

/** Finds what a registry may be given; undefined means that it is asked without a name. */
export type CredentialSource = (
  context: Context,
  registry: string,
  repository: string,
) => Promise<Credentials | undefined>;

/**
 * Looks where podman and docker keep credentials, in podman's order; the first file that knows the registry wins.
 * `also` is asked when none does, such as ECR by its own API.
 */
export function fileCredentials(also?: CredentialSource): CredentialSource {
  return async (context, registry, repository) => {
    for (const path of credentialFiles(context.env)) {
      const text = await findText(path);
      if (text === undefined) continue;
      const found = await lookUp(context, path, text, registry, repository);
      if (found !== undefined) return found;
    }
    return also?.(context, registry, repository);
  };
}

/** The files that are read, in order. `$REGISTRY_AUTH_FILE` replaces all others. */
export function credentialFiles(env: Context["env"]): readonly string[] {
  const own = env["REGISTRY_AUTH_FILE"];
  if (own) return [own];
  const home = env["HOME"] ?? "/";
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    ...(runtime ? [join(runtime, "containers", "auth.json")] : []),
    join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "containers", "auth.json"),
    join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json"),
  ];
}

async function lookUp(
  context: Context,
  path: string,
  text: string,
  registry: string,
  repository: string,
): Promise<Credentials | undefined> {
  let file: CredentialFile;
  try {
    file = parseDocument(CredentialFile, Buffer.from(text), path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new IgneousError("input-invalid", `the credential file cannot be read: ${reason}`, {
      cause: error,
    });
  }
  const helper = Object.entries(file.credHelpers ?? {}).find(([host]) =>
    keysOf(registry).includes(host),
  )?.[1];
  if (helper !== undefined) return askHelper(context, helper, registry);
  for (const key of authKeys(registry, repository)) {
    const entry = file.auths?.[key];
    const found = entry === undefined ? undefined : readEntry(entry, path, key);
    if (found !== undefined) return found;
  }
  return file.credsStore === undefined ? undefined : askHelper(context, file.credsStore, registry);
}

/** Podman keys credentials by a path of the repository too: the longest that fits comes first. */
function authKeys(registry: string, repository: string): readonly string[] {
  const parts = repository.split("/");
  const paths = parts.map((_, index) => [registry, ...parts.slice(0, parts.length - index)].join("/"));
  return [...paths, ...keysOf(registry)];
}

function keysOf(registry: string): readonly string[] {
  const names =
    registry === "docker.io" ? ["docker.io", "index.docker.io", "registry-1.docker.io"] : [registry];
  return names.flatMap((name) => [
    name,
    `https://${name}`,
    `https://${name}/`,
    `https://${name}/v1/`,
    `https://${name}/v2/`,
  ]);
}

type AuthEntry = NonNullable<CredentialFile["auths"]>[string];

function readEntry(entry: AuthEntry, path: string, key: string): Credentials | undefined {
  if (entry.identitytoken) return { kind: "identity-token", token: entry.identitytoken };
  if (entry.username && entry.password)
    return { kind: "password", username: entry.username, password: entry.password };
  if (!entry.auth) return undefined;
  const pair = Buffer.from(entry.auth, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 1)
    throw new IgneousError("input-invalid", `${path}: the 'auth' of '${key}' is not base64 of name:password`);
  return {
    kind: "password",
    username: pair.slice(0, colon),
    password: pair.slice(colon + 1).replace(/\0+$/u, ""),
  };
}

/** https://github.com/docker/docker-credential-helpers: the host on stdin, the answer on stdout. */
async function askHelper(context: Context, name: string, registry: string): Promise<Credentials | undefined> {
  if (!/^[\w.-]+$/u.test(name))
    throw new IgneousError("input-invalid", `'${name}' is not the name of a credential helper`);
  const server = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
  const program = `docker-credential-${name}`;
  const { stdout, exit } = await run(context, [program, "get"], { input: server, okExits: [0, 1] });
  // Helpers have one exit status for everything; what they print tells "none" from trouble.
  if (exit !== 0) {
    if (/not found/iu.test(stdout)) return undefined;
    throw new IgneousError("registry-denied", `${program} gave no credentials for ${registry}`, {
      hint: `see what it says: echo ${registry} | ${program} get`,
    });
  }
  const answer = parseDocument(HelperAnswer, Buffer.from(stdout), `the answer of ${program}`);
  if (answer.Username === "<token>") return { kind: "identity-token", token: answer.Secret };
  return { kind: "password", username: answer.Username, password: answer.Secret };
}
