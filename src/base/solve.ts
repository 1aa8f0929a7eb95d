import type { Context } from "../core/context.ts";
import { isSha256Hex } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { findSuggestion } from "../core/suggest.ts";
import { type Argv, run } from "../host/exec.ts";
import { aptWords, type PrivateApt } from "./apt.ts";
import type { LockedPackage } from "./locked.ts";

const essential = "?essential";

/** What apt would install on an empty system for these packages and Debian's essential ones: the exact closure, by name. */
export async function solve(
  context: Context,
  apt: PrivateApt,
  names: readonly string[],
): Promise<readonly LockedPackage[]> {
  const { exit, stdout, stderr } = await run(
    context,
    ["apt-get", "install", "-qq", "--print-uris", essential, ...names],
    { env: apt.env, okExits: [0, 100] },
  );
  if (exit !== 0) throw await unsolvable(context, apt, names, `${stdout}\n${stderr}`);
  const found = stdout.split("\n").flatMap((line) => (line.startsWith("'") ? [parseUriLine(line, apt)] : []));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `'http://host/debian/pool/main/b/bash/bash_5.2-1_amd64.deb' bash_5.2-1_amd64.deb 1500000 SHA256:…` */
export function parseUriLine(line: string, { archive }: Pick<PrivateApt, "archive">): LockedPackage {
  const match =
    /^'(?<uri>[^']+)' (?<file>\S+)_(?<version>\S+)_(?<architecture>\S+)\.deb (?<size>\d+) SHA256:(?<sha256>\S+)$/u.exec(
      line,
    );
  const {
    uri = "",
    file = "",
    version = "",
    architecture = "",
    size = "",
    sha256 = "",
  } = match?.groups ?? {};
  const base = [archive.main, archive.security].find(
    (known) => known !== undefined && uri.startsWith(`${known}/`),
  );
  if (base === undefined || !isSha256Hex(sha256)) {
    throw new IgneousError(
      "archive-untrusted",
      `apt names a package without sha256 or of another archive: ${line}`,
    );
  }
  return {
    name: file,
    version: decodeURIComponent(version),
    architecture,
    size: Number(size),
    sha256,
    filename: decodeURIComponent(uri.slice(base.length).replace(/^\/+/u, "")),
  };
}

async function unsolvable(
  context: Context,
  apt: PrivateApt,
  names: readonly string[],
  output: string,
): Promise<IgneousError> {
  const unknown = Array.from(
    output.matchAll(
      /Unable to locate package (?<name>\S+)|Package '?(?<bare>[^\s']+)'? has no installation candidate/gu,
    ),
    (match) => match.groups?.["name"] ?? match.groups?.["bare"] ?? "",
  );
  const missing = unknown.filter((name) => names.includes(name));
  if (missing.length > 0) {
    const { stdout } = await run(context, ["apt-cache", "pkgnames"], { env: apt.env });
    const known = stdout.split("\n");
    const said = missing.map((name) => {
      const near = findSuggestion(name, known);
      return near === undefined ? `'${name}'` : `'${name}' (did you mean '${near}'?)`;
    });
    return new IgneousError("base-package-unknown", `the archive has no package ${said.join(", ")}`, {
      hint: "correct base.debian.packages in the spec",
    });
  }
  const dryRun: Argv = ["apt-get", "install", "-q", "--simulate", essential, ...names];
  const { stdout, stderr } = await run(context, dryRun, { env: apt.env, okExits: [0, 100] });
  const reasons = stdout.replace(/^[\s\S]*?(?=The following packages have unmet dependencies)/u, "");
  return new IgneousError(
    "base-packages-conflict",
    `apt cannot install these packages together\n${aptWords(`${reasons}\n${stderr}`)}`,
    {
      hint: "take one of them out of base.debian.packages in the spec",
    },
  );
}
