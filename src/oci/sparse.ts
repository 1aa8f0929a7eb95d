import type { Refuse, TarContent } from "./tar-entry.ts";
import { parseNumber } from "./tar-header.ts";

/** Which parts of a file are in the archive; the rest of its `realSize` bytes are holes. */
export interface SparseMap {
  readonly realSize: number;
  readonly segments: readonly SparseSegment[];
}

export interface SparseSegment {
  readonly offset: number;
  readonly length: number;
}

/** Segments of an old GNU header (four of them) or one of its continuation blocks (21). */
export function parseOldSegments(block: Buffer, isHeader: boolean, refuse: Refuse): readonly SparseSegment[] {
  const start = isHeader ? 386 : 0;
  const segments: SparseSegment[] = [];
  for (let index = 0; index < (isHeader ? 4 : 21); index++) {
    const at = start + index * 24;
    if (block[at] === 0) break;
    const offset = parseNumber(block.subarray(at, at + 12));
    const length = parseNumber(block.subarray(at + 12, at + 24));
    if (offset === undefined || length === undefined)
      throw refuse(undefined, "a sparse map has an unreadable number");
    segments.push({ offset, length });
  }
  return segments;
}

export function oldMapContinues(block: Buffer, isHeader: boolean): boolean {
  return (block[isHeader ? 482 : 504] ?? 0) !== 0;
}

export function oldRealSize(block: Buffer): number | undefined {
  return parseNumber(block.subarray(483, 495));
}

type SparseRecords = readonly (readonly [key: string, value: string])[];

/** What `GNU.sparse.*` records say: a map (0.0 and 0.1), or that a map comes before the content (1.0). */
export function parseSparseRecords(
  records: SparseRecords,
  refuse: Refuse,
): {
  readonly name?: string;
  readonly realSize: number;
  readonly segments: readonly SparseSegment[] | "in-content";
} {
  const find = (key: string): string | undefined => records.findLast(([name]) => name === key)?.[1];
  const name = find("name");
  const realSize = whole(find("realsize") ?? find("size"), refuse);
  const major = find("major");
  if (major !== undefined && (major !== "1" || find("minor") !== "0") && major !== "0") {
    throw refuse(name, `it is sparse in an unknown way (version ${major}.${find("minor") ?? "?"})`);
  }
  const segments = major === "1" ? ("in-content" as const) : recordSegments(records, find("map"), refuse);
  return { ...(name === undefined ? {} : { name }), realSize, segments };
}

function recordSegments(
  records: SparseRecords,
  map: string | undefined,
  refuse: Refuse,
): readonly SparseSegment[] {
  const numbers =
    map === undefined
      ? records.flatMap(([key, value]) =>
          key === "offset" || key === "numbytes" ? [whole(value, refuse)] : [],
        )
      : map.split(",").flatMap((value) => (map === "" ? [] : [whole(value, refuse)]));
  return pairUp(numbers, refuse);
}

export function pairUp(numbers: readonly number[], refuse: Refuse): readonly SparseSegment[] {
  if (numbers.length % 2 !== 0) throw refuse(undefined, "a sparse map has an odd number of numbers");
  const segments: SparseSegment[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    segments.push({ offset: numbers[index] ?? 0, length: numbers[index + 1] ?? 0 });
  }
  return segments;
}

export function whole(text: string | undefined, refuse: Refuse): number {
  if (text !== undefined && /^[0-9]{1,15}$/u.test(text)) return Number(text);
  throw refuse(undefined, `a sparse map has an unreadable number '${text ?? ""}'`);
}

/** Refuses a map whose segments overlap, go backwards, leave the file, or do not add up to what is in the archive. */
export function checkSparseMap(map: SparseMap, stored: number, path: string, refuse: Refuse): void {
  let position = 0;
  let total = 0;
  for (const { offset, length } of map.segments) {
    if (offset < position || offset + length > map.realSize)
      throw refuse(path, "its sparse map leaves the file or overlaps");
    position = offset + length;
    total += length;
  }
  if (total !== stored)
    throw refuse(path, `its sparse map has ${total} bytes where the archive has ${stored}`);
}

const zeros: Uint8Array = new Uint8Array(1 << 16);

/** Fills the holes: takes the stored bytes of a sparse file and hands on the whole of it. */
export function fillHoles(map: SparseMap, target: TarContent): TarContent {
  let position = 0;
  let index = 0;
  let inSegment = 0;
  const zerosUpTo = (end: number): void => {
    for (; position < end; position += Math.min(zeros.length, end - position)) {
      target.write(zeros.subarray(0, Math.min(zeros.length, end - position)));
    }
  };
  return {
    write(chunk) {
      let rest = chunk;
      while (rest.length > 0) {
        const segment = map.segments[index];
        if (segment === undefined) return;
        if (inSegment === segment.length) {
          index++;
          inSegment = 0;
          continue;
        }
        zerosUpTo(segment.offset + inSegment);
        const part = rest.subarray(0, segment.length - inSegment);
        target.write(part);
        position += part.length;
        inSegment += part.length;
        rest = rest.subarray(part.length);
      }
    },
    end() {
      zerosUpTo(map.realSize);
      target.end();
    },
  };
}
