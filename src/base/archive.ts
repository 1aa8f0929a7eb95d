import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { findText } from "../host/files.ts";
import { listFiles } from "../host/folders.ts";
import { type AptSource, parseDeb822Sources, parseOneLineSources } from "./apt-sources.ts";
import type { BaseSpec } from "./locked.ts";

/** Where packages are fetched: base URIs without a trailing slash. */
export interface Archive {
  readonly main: string;
  /** Archive of security updates, where the machine or the environment knows one. */
  readonly security?: string;
}

const debianSuite = /^(?:bookworm|trixie|forky|sid|stable|testing|unstable)(?:-updates|-backports)?$/u;
const securitySuite = /^(?:bookworm|trixie|forky|stable|testing)-security$/u;

/**
 * The archives to use: IGNEOUS_DEB_MIRROR (and IGNEOUS_DEB_SECURITY_MIRROR), else the spec's mirror, else those of the
 * machine's own apt. A mirror that was named is used alone, so that a snapshot of an archive is never mixed with today's.
 */
export async function findArchive(context: Context, spec: Pick<BaseSpec, "mirror">): Promise<Archive> {
  const named = context.env["IGNEOUS_DEB_MIRROR"] ?? spec.mirror;
  if (named !== undefined && named !== "") {
    return withSecurity(trimmed(named), context.env["IGNEOUS_DEB_SECURITY_MIRROR"]);
  }
  const sources = await readSources(context.env["IGNEOUS_APT_DIR"] ?? "/etc/apt");
  const main = sources.find(
    ({ suite, components }) => debianSuite.test(suite) && components.includes("main"),
  );
  if (main === undefined) {
    throw new IgneousError(
      "archive-unknown",
      "apt of this machine has no Debian archive to take packages from",
      {
        hint: "name one: export IGNEOUS_DEB_MIRROR=http://MIRROR/debian",
      },
    );
  }
  const security = sources.find(({ suite }) => securitySuite.test(suite));
  return withSecurity(trimmed(main.uri), security?.uri);
}

function withSecurity(main: string, security: string | undefined): Archive {
  return security === undefined || security === "" ? { main } : { main, security: trimmed(security) };
}

/** Base URI that serves a locked file; the security archive keeps its own below `pool/updates`. */
export function packageUris(archive: Archive, filename: string): readonly string[] {
  const bases = [archive.main, ...(archive.security === undefined ? [] : [archive.security])];
  if (filename.startsWith("pool/updates/")) bases.reverse();
  return bases.map((base) => `${base}/${filename}`);
}

async function readSources(folder: string): Promise<readonly AptSource[]> {
  const parts = await listFiles(`${folder}/sources.list.d`);
  const names = ["sources.list", ...parts.map((name) => `sources.list.d/${name}`)];
  const found = names.map(async (name) => {
    const text = (await findText(`${folder}/${name}`)) ?? "";
    if (name.endsWith(".sources")) return parseDeb822Sources(text);
    return name.endsWith(".list") ? parseOneLineSources(text) : [];
  });
  return (await Promise.all(found)).flat();
}

function trimmed(uri: string): string {
  return uri.replace(/\/+$/u, "");
}
