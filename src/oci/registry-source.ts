import { resolve } from "node:path";
import type { Context } from "../core/context.ts";
import { createHttpClient, type HttpClient, isLoopback } from "../host/http.ts";
import { createAuthorizer } from "./authorizer.ts";
import { cachedSource } from "./cached-source.ts";
import { fileCredentials } from "./credentials.ts";
import type { ImageSource } from "./image-source.ts";
import type { RegistryReference } from "./reference.ts";
import { openRegistry } from "./registry.ts";
import { defaultRetryPolicy } from "./retry-policy.ts";
import type { SourceOptions } from "./source.ts";

/** A registry with its credentials, retries and cache. Nothing is asked yet. */
export async function openRegistrySource(
  context: Context,
  { registry, repository }: RegistryReference,
  options: SourceOptions,
): Promise<ImageSource> {
  const settings = options.registries?.[registry] ?? {};
  const plainHttp = settings.plainHttp ?? isLoopback(registry.replace(/:\d+$/u, ""));
  const http: HttpClient = await createHttpClient(context, {
    ...(settings.caFile === undefined ? {} : { caFile: resolve(options.folder ?? ".", settings.caFile) }),
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
  });
  const credentials = fileCredentials(options.credentialSource);
  const findCredentials = () => credentials(context, registry, repository);
  const authorizer = createAuthorizer(http, {
    registry,
    repository,
    plainHttp,
    findCredentials,
    now: Date.now,
  });
  const server = openRegistry(http, { registry, repository, plainHttp, authorizer });
  return cachedSource(context, options.retryPolicy ?? defaultRetryPolicy, server);
}
