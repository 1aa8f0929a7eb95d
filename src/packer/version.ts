import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { run } from "../host/exec.ts";
import { findTool } from "../host/tools.ts";
import { quiet } from "./run.ts";

/** The version of the Packer on PATH, or undefined when there is none. */
export async function findPackerVersion(context: Context): Promise<string | undefined> {
  if (findTool(context, "packer") === undefined) return undefined;
  const { stdout } = await run(context, ["packer", "version"], { env: quiet });
  return /Packer v(\d+\.\d+\.\d+\S*)/u.exec(stdout)?.[1];
}

/** Like {@link findPackerVersion}, or an error that says how to get it. */
export async function needPackerVersion(context: Context): Promise<string> {
  const version = await findPackerVersion(context);
  if (version !== undefined) return version;
  throw new IgneousError("tool-missing", "the program 'packer' is not installed", {
    hint: "run: apt-get install packer (Debian 12 has 1.6.6), or install a newer one from HashiCorp",
  });
}

/** From 1.7 on Packer has plugins that are named, and options of them that older ones lack. */
export function isModernPacker(version: string): boolean {
  return !/^1\.[0-6]\./u.test(version);
}
