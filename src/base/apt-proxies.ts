import type { Context } from "../core/context.ts";
import { run } from "../host/exec.ts";

export type AptProxies = Readonly<Partial<Record<"http" | "https", string>>>;

/** The proxies that this machine's apt is told to go through; without them its archive may be out of reach. */
export async function aptProxies(context: Context): Promise<AptProxies> {
  const { stdout } = await run(context, ["apt-config", "dump", "--format", "%F %v%n", "Acquire"]);
  const proxies: { http?: string; https?: string } = {};
  for (const line of stdout.split("\n")) {
    const [, scheme, proxy] = /^Acquire::(https?)::Proxy (\S+)$/u.exec(line) ?? [];
    if (proxy === undefined || proxy === "DIRECT") continue;
    if (scheme === "http" || scheme === "https") proxies[scheme] = proxy;
  }
  return proxies;
}

/** The context with apt's proxies where its environment names none, for downloads that are not apt's own. */
export async function withAptProxies(context: Context): Promise<Context> {
  const { env } = context;
  if ((env["http_proxy"] ?? env["HTTP_PROXY"] ?? env["https_proxy"] ?? env["HTTPS_PROXY"]) !== undefined) {
    return context;
  }
  const { http, https } = await aptProxies(context);
  const proxies = {
    ...(http === undefined ? {} : { http_proxy: http }),
    ...(https === undefined ? {} : { https_proxy: https }),
  };
  return { ...context, env: { ...env, ...proxies } };
}
