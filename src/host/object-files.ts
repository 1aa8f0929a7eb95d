/**
 * Synchronous file primitives for stores of many small objects, where a promise per system call costs more than the call.
 * Every caller works in short slices between awaits.
 */
import {
  accessSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writevSync,
} from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "../core/errors.ts";
import { diskFull } from "./files.ts";

export function fileExists(path: string): boolean {
  return existsSync(path);
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, 2);
    return true;
  } catch {
    return false;
  }
}

/** The bytes of a file, or undefined when there is none. */
export function findBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The first bytes of a file, at most `length`. */
export function readStart(path: string, length: number): Buffer {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, 0));
  } finally {
    closeSync(file);
  }
}

export interface NewFile {
  readonly write: (buffers: readonly Uint8Array[]) => void;
  readonly close: () => void;
}

/** Creates a file that must not exist. Its writes are whole; a full disk is `disk-full`. */
export function createFile(path: string): NewFile {
  const file = onDisk(path, () => openSync(path, "wx", 0o644));
  return {
    write: (buffers) => writeAll(file, buffers, path),
    close: () => closeSync(file),
  };
}

/** Creates a file with these bytes, to be renamed when they are all there. False when the name is taken. */
export function createWhole(path: string, data: Uint8Array): boolean {
  let file: number;
  try {
    file = openSync(path, "wx", 0o644);
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") return false;
    throw diskFull(error, path);
  }
  try {
    writeAll(file, [data], path);
  } finally {
    closeSync(file);
  }
  return true;
}

/** Gives a folder another name. False when a folder with files has that name. */
export function moveFolder(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOTEMPTY" || systemErrorCode(error) === "EEXIST") return false;
    throw error;
  }
}

function writeAll(file: number, buffers: readonly Uint8Array[], path: string): void {
  // Linux takes at most 1024 buffers a call.
  for (let first = 0; first < buffers.length; first += 1024) {
    let rest = buffers.slice(first, first + 1024);
    while (rest.length > 0) {
      const part = rest;
      rest = after(
        part,
        onDisk(path, () => writevSync(file, part)),
      );
    }
  }
}

function onDisk<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw diskFull(error, path);
  }
}

function after(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (left >= buffer.length) left -= buffer.length;
    else {
      rest.push(buffer.subarray(left));
      left = 0;
    }
  }
  return rest;
}

/** Renames, creating the folder of the new name when it is missing. */
export function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    onDisk(to, () => mkdirSync(dirname(to), { recursive: true }));
    renameSync(from, to);
  }
}

export function makeFolder(path: string): void {
  onDisk(path, () => mkdirSync(path, { recursive: true }));
}

/** Names in a folder, sorted; none when there is no such folder. */
export function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Removes a file or a whole folder; nothing happens when it is not there. */
export function removePath(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}
