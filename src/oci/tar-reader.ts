import { createByteFeed } from "./byte-feed.ts";
import type { PaxRecords } from "./pax.ts";
import {
  checkSparseMap,
  fillHoles,
  oldMapContinues,
  oldRealSize,
  pairUp,
  parseOldSegments,
  parseSparseRecords,
  type SparseMap,
  type SparseSegment,
  whole,
} from "./sparse.ts";
import { entryOf, type Extensions, extensionReaders, none } from "./tar-extensions.ts";
import type { Refuse, TarContent, TarEntry } from "./tar-entry.ts";
import { blockSize, padding, parseHeader, type TarHeader } from "./tar-header.ts";

export interface TarReader {
  readonly push: (chunk: Buffer) => void;
  /** Refuses an archive that ends in the middle of something. */
  readonly end: () => void;
}

/** Longest extended header, long name or sparse map that is read. */
const extensionLimit = 1024 * 1024;

/**
 * Reads a tar archive (v7, ustar, PAX, GNU, star) that arrives in chunks and calls `onEntry` for each entry, in the
 * order of the archive. A file's content goes to what `onEntry` returns. What tar programs read in different ways is refused.
 */
export function createTarReader(
  onEntry: (entry: TarEntry) => TarContent | undefined,
  refuse: Refuse,
): TarReader {
  const feed = createByteFeed();
  let extensions: Extensions = none;
  let zeroBlocks = 0;
  let isBetweenEntries = true;
  let isInPadding = false;

  const nextHeader = (): void => {
    isBetweenEntries = extensions === none;
    isInPadding = false;
    feed.gather(blockSize, readHeader);
  };
  const skipPadding = (size: number, onEnd: () => void): void => {
    isInPadding = extensions === none;
    feed.pass(padding(size), undefined, onEnd);
  };

  const readHeader = (block: Buffer): void => {
    if (isZero(block)) {
      zeroBlocks++;
      if (zeroBlocks === 2) feed.stop();
      else nextHeader();
      return;
    }
    if (zeroBlocks === 1) throw refuse(undefined, "an empty block is followed by more entries");
    isBetweenEntries = false;
    const header = parseHeader(block, refuse);
    const extend = extensionReaders[header.type];
    if (extend === undefined) return readEntry(block, header);
    if (header.size > extensionLimit)
      throw refuse(header.name, `an extended header has ${header.size} bytes`);
    feed.gather(header.size, (data) => {
      extensions = extend(extensions, data, refuse);
      skipPadding(header.size, nextHeader);
    });
  };

  const readEntry = (block: Buffer, header: TarHeader): void => {
    const entry = entryOf(header, extensions, refuse);
    const { pax } = extensions;
    const stored = entry.kind === "file" ? (pax?.size ?? header.size) : 0;
    extensions = none;
    if (header.type === "S") return readOldMap(block, true, [], entry, stored, oldRealSize(block));
    if (entry.kind === "file" && pax !== undefined && pax.sparse.length > 0)
      return readPaxSparse(pax, entry, stored);
    const content = onEntry({ ...entry, size: stored });
    feed.pass(stored, content, () => skipPadding(stored, nextHeader));
  };

  const passSparse = (entry: TarEntry, map: SparseMap, stored: number): void => {
    checkSparseMap(map, stored, entry.path, refuse);
    const content = onEntry({ ...entry, size: map.realSize });
    const filled = content === undefined ? undefined : fillHoles(map, content);
    feed.pass(stored, filled, () => skipPadding(stored, nextHeader));
  };

  const readOldMap = (
    block: Buffer,
    isHeader: boolean,
    before: readonly SparseSegment[],
    entry: TarEntry,
    stored: number,
    realSize: number | undefined,
  ): void => {
    if (realSize === undefined) throw refuse(entry.path, "its real size cannot be read");
    const segments = [...before, ...parseOldSegments(block, isHeader, refuse)];
    if (segments.length * 24 > extensionLimit) throw refuse(entry.path, "its sparse map is too long");
    if (!oldMapContinues(block, isHeader)) return passSparse(entry, { realSize, segments }, stored);
    feed.gather(blockSize, (next) => readOldMap(next, false, segments, entry, stored, realSize));
  };

  const readPaxSparse = (pax: PaxRecords, entry: TarEntry, stored: number): void => {
    const { name, realSize, segments } = parseSparseRecords(pax.sparse, refuse);
    const named = name === undefined ? entry : { ...entry, path: name };
    if (segments !== "in-content") return passSparse(named, { realSize, segments }, stored);
    readMapInContent(named, realSize, stored);
  };

  /** Version 1.0: decimal numbers, one a line, padded to whole blocks, at the start of the content. */
  const readMapInContent = (entry: TarEntry, realSize: number, stored: number): void => {
    const blocks: Buffer[] = [];
    let missingLines = Number.NaN;
    const readBlock = (block: Buffer): void => {
      blocks.push(block);
      // The first line says how many pairs of lines follow it.
      if (blocks.length === 1) missingLines = 1 + 2 * whole(block.toString("latin1").split("\n")[0], refuse);
      missingLines -= countLines(block);
      const left = stored - blocks.length * blockSize;
      if (missingLines > 0) return nextBlock(left);
      const numbers = Buffer.concat(blocks).toString("latin1").split("\n");
      const count = whole(numbers[0], refuse);
      const map = numbers.slice(1, 2 * count + 1).map((number) => whole(number, refuse));
      passSparse(entry, { realSize, segments: pairUp(map, refuse) }, left);
    };
    const nextBlock = (left: number): void => {
      if (left < blockSize || blocks.length * blockSize > extensionLimit) {
        throw refuse(entry.path, "its sparse map does not end");
      }
      feed.gather(blockSize, readBlock);
    };
    nextBlock(stored);
  };

  nextHeader();
  return {
    push: feed.push,
    end() {
      // umoci ends an archive with a file's last byte; Go's reader, and so every runtime, takes that for its end.
      if (zeroBlocks === 2 || isInPadding || (isBetweenEntries && feed.isAtStart())) return;
      throw refuse(undefined, "the archive ends in the middle of an entry");
    },
  };
}

function countLines(block: Buffer): number {
  let lines = 0;
  for (const byte of block) if (byte === 0x0a) lines++;
  return lines;
}

const zeroBlock = Buffer.alloc(blockSize);

function isZero(block: Buffer): boolean {
  return block.equals(zeroBlock);
}
