import { setMaxListeners } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Context, Emit } from "../core/context.ts";

/** The context of this process: its environment, read once, and the XDG cache folder. */
export function hostContext(emit: Emit, signal: AbortSignal): Context {
  // Node takes more than ten waits at once for a leak, and says so to the user; a rollout of many groups has more.
  setMaxListeners(0, signal);
  const env = { ...process.env };
  const cacheHome = env["XDG_CACHE_HOME"];
  const base = cacheHome === undefined || !cacheHome.startsWith("/") ? join(homedir(), ".cache") : cacheHome;
  return { emit, signal, env, cacheDir: join(base, "igneous") };
}
