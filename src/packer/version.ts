import semver from "semver";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { run } from "../host/exec.ts";
import { findTool } from "../host/tools.ts";
import { quiet } from "./run.ts";

/** A Packer, as far as templates differ by it. */
export interface PackerKind {
  readonly version: string;
  /** 1.7 or newer: plugins are named, and have options that older sources lack. */
  readonly isModern: boolean;
  /** Its plugin for AWS is none before 1.2.2: amazon-ebs makes AMIs whose instances ask for IMDSv2. */
  readonly hasImds: boolean;
}

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

/** The Packer of a version, with the newest plugins; that of this machine, with those that it has, when none is given. */
export async function findPackerKind(context: Context, wanted: string | undefined): Promise<PackerKind> {
  const version = wanted ?? (await needPackerVersion(context));
  const isModern = isModernPacker(version);
  if (!isModern) return { version, isModern, hasImds: false };
  const plugins = wanted === undefined ? await findPackerPlugins(context) : {};
  const { amazon } = plugins;
  return { version, isModern, hasImds: amazon === undefined || semver.gte(amazon, "1.2.2") };
}

/** The newest version of each installed plugin, by its short name; those built into Packer are not among them. */
export async function findPackerPlugins(context: Context): Promise<Readonly<Record<string, string>>> {
  // Packer 1.7 cannot be asked.
  const { stdout } = await run(context, ["packer", "plugins", "installed"], {
    env: quiet,
    okExits: [0, 1, 127],
  });
  const found = [...stdout.matchAll(/packer-plugin-([a-z0-9-]+)_v(\d+\.\d+\.\d+)\S*_x5/gu)];
  const versions = found.map(([, name = "", version = ""]) => [name, version] as const);
  // The last of equal keys stays.
  return Object.fromEntries(versions.sort(([, a], [, b]) => semver.compare(a, b)));
}

/** From 1.7 on Packer has plugins that are named, and options of them that older ones lack. */
export function isModernPacker(version: string): boolean {
  return !/^1\.[0-6]\./u.test(version);
}
