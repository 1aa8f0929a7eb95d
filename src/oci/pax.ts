import type { Refuse } from "./tar-entry.ts";
import { decodeName } from "./tar-header.ts";

/** The records of one extended header that matter here. */
export interface PaxRecords {
  readonly path?: string;
  readonly linkPath?: string;
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** `GNU.sparse.*`, in the order written: version 0.0 repeats its keys. */
  readonly sparse: readonly (readonly [key: string, value: string])[];
}

interface OpenRecords {
  path?: string;
  linkPath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  readonly xattrs: Map<string, Uint8Array>;
  readonly sparse: (readonly [string, string])[];
}

/**
 * Reads `LENGTH KEY=VALUE\n` records; a wrong length is refused. Unknown keys mean nothing to a file tree and are skipped.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export function parsePax(data: Buffer, refuse: Refuse): PaxRecords {
  const records: OpenRecords = { xattrs: new Map(), sparse: [] };
  for (const { key, value } of splitRecords(data, refuse)) addRecord(records, key, value, refuse);
  return records;
}

/**
 * Checks a global header. Tar programs disagree on what it means for entries, so that one which would change an entry
 * is refused; comments (as git writes them) are not.
 */
export function checkGlobalPax(data: Buffer, refuse: Refuse): void {
  const records = parsePax(data, refuse);
  const { path, linkPath, size, uid, gid } = records;
  const changes = [path, linkPath, size, uid, gid].some((value) => value !== undefined);
  if (changes || records.xattrs.size > 0 || records.sparse.length > 0) {
    throw refuse(undefined, "a global PAX header would change the entries after it");
  }
}

interface RawRecord {
  readonly key: string;
  readonly value: Buffer;
}

function* splitRecords(data: Buffer, refuse: Refuse): Generator<RawRecord> {
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? "" : data.toString("latin1", at, space);
    const end = at + Number(digits);
    if (!/^[1-9][0-9]*$/u.test(digits) || end > data.length || end < space + 3 || data[end - 1] !== 0x0a) {
      throw refuse(undefined, "a PAX record has the wrong length");
    }
    const equals = data.indexOf(0x3d, space + 1);
    if (equals < 0 || equals >= end || equals === space + 1)
      throw refuse(undefined, "a PAX record has no key");
    yield {
      key: decodeName(data.subarray(space + 1, equals), refuse),
      value: data.subarray(equals + 1, end - 1),
    };
    at = end;
  }
}

function addRecord(records: OpenRecords, key: string, value: Buffer, refuse: Refuse): void {
  const xattr = /^SCHILY\.xattr\.(.+)$/su.exec(key)?.[1];
  if (xattr !== undefined) records.xattrs.set(xattr, Buffer.from(value));
  else if (key === "path") records.path = name(key, value, refuse);
  else if (key === "linkpath") records.linkPath = name(key, value, refuse);
  else if (key === "size") records.size = decimal(key, value, Number.MAX_SAFE_INTEGER, refuse);
  else if (key === "uid") records.uid = decimal(key, value, 0xffff_ffff, refuse);
  else if (key === "gid") records.gid = decimal(key, value, 0xffff_ffff, refuse);
  else if (key.startsWith("GNU.sparse.")) records.sparse.push([key.slice(11), decodeName(value, refuse)]);
}

function name(key: string, value: Buffer, refuse: Refuse): string {
  if (value.includes(0)) throw refuse(value.toString("latin1"), `the PAX record '${key}' holds a zero byte`);
  return decodeName(value, refuse);
}

function decimal(key: string, value: Buffer, limit: number, refuse: Refuse): number {
  const text = value.toString("latin1");
  const number = /^[0-9]{1,16}$/u.test(text) ? Number(text) : Number.NaN;
  if (number <= limit) return number;
  throw refuse(undefined, `the PAX record '${key}' is not a number up to ${limit}: '${text.slice(0, 40)}'`);
}
