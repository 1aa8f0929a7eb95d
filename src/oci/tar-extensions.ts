import { checkGlobalPax, type PaxRecords, parsePax } from "./pax.ts";
import type { Refuse, TarEntry } from "./tar-entry.ts";
import { decodeName, type TarHeader } from "./tar-header.ts";

/** What the headers before an entry's own say of it. */
export interface Extensions {
  readonly pax?: PaxRecords;
  readonly longName?: string;
  readonly longLink?: string;
}

export const none: Extensions = {};

type Extend = (extensions: Extensions, data: Buffer, refuse: Refuse) => Extensions;

/** By the type of the header. */
export const extensionReaders: Readonly<Record<string, Extend | undefined>> = {
  x(extensions, data, refuse) {
    if (extensions.pax !== undefined) throw refuse(undefined, "an entry has two PAX headers");
    return { ...extensions, pax: parsePax(data, refuse) };
  },
  g(extensions, data, refuse) {
    checkGlobalPax(data, refuse);
    return extensions;
  },
  L: (extensions, data, refuse) => ({ ...extensions, longName: longText(extensions.longName, data, refuse) }),
  K: (extensions, data, refuse) => ({ ...extensions, longLink: longText(extensions.longLink, data, refuse) }),
};

function longText(before: string | undefined, data: Buffer, refuse: Refuse): string {
  if (before !== undefined) throw refuse(before, "an entry has two GNU long names");
  const end = data.indexOf(0);
  return decodeName(end < 0 ? data : data.subarray(0, end), refuse);
}

const kinds: Readonly<Record<string, TarEntry["kind"]>> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "device",
  "4": "device",
  "5": "directory",
  "6": "device",
  "7": "file",
  S: "file",
};

/** An entry by its header and what came before it; its size is not known yet. */
export function entryOf(
  header: TarHeader,
  { pax, longName, longLink }: Extensions,
  refuse: Refuse,
): TarEntry {
  const twice =
    (longName !== undefined && pax?.path !== undefined) ||
    (longLink !== undefined && pax?.linkPath !== undefined);
  if (twice)
    throw refuse(longName ?? longLink, "an entry has its name in a PAX header and as a GNU long name");
  const path = pax?.path ?? longName ?? header.name;
  const kind = kinds[header.type];
  if (kind === undefined) throw refuse(path, `its type '${header.type}' is not known`);
  const { uid = header.uid, gid = header.gid } = pax ?? {};
  if (uid > 0xffff_ffff || gid > 0xffff_ffff) throw refuse(path, "its owner is not a 32-bit number");
  return {
    path,
    // Archives older than ustar mark a directory by the slash alone.
    kind: kind === "file" && header.type !== "S" && path.endsWith("/") ? "directory" : kind,
    linkTarget: pax?.linkPath ?? longLink ?? header.linkName,
    size: 0,
    mode: header.mode,
    uid,
    gid,
    xattrs: [...(pax?.xattrs ?? [])].map(([name, value]) => ({ name, value })),
  };
}
