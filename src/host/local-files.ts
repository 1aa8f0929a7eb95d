import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { join, resolve, sep } from "node:path";
import { getSystemErrorMap } from "node:util";
import { bytesToText, textToBytes } from "../core/byte-text.ts";
import { systemErrorCode } from "../core/errors.ts";
import { type LocalEntry, LocalFileError, type LocalFiles } from "../core/local-files.ts";

/** The files below a folder, which need not exist until something in it is read. `cwd` is where a relative name starts. */
export function openLocalFiles(folder: string, cwd: string): LocalFiles {
  const base = resolve(cwd, folder);
  const real = (path: string): Buffer => Buffer.from(textToBytes(resolve(cwd, path)));
  return {
    folder,
    resolve: (path) => {
      const joined = join(folder, path);
      const absolute = resolve(cwd, joined);
      return absolute === base || absolute.startsWith(base === sep ? sep : base + sep)
        ? joined.replace(/(?<=.)\/$/u, "")
        : undefined;
    },
    read: (path) => attempt("open", path, () => readFileSync(real(path))),
    stat: (path) => attempt("stat", path, () => entryOf(statSync(real(path)))),
    lstat: (path) => attempt("lstat", path, () => entryOf(lstatSync(real(path)))),
    list: (path) =>
      attempt("open", path, () =>
        readdirSync(real(path), { encoding: "buffer" }).toSorted(Buffer.compare).map(bytesToText),
      ),
    readLink: (path) =>
      attempt("readlink", path, () => bytesToText(readlinkSync(real(path), { encoding: "buffer" }))),
    isInside: (path) => {
      const folderPath = attempt("open", folder, () => realpathSync(base));
      const filePath = attempt("open", path, () =>
        realpathSync(real(path), { encoding: "buffer" }),
      ).toString();
      return filePath === folderPath || filePath.startsWith(folderPath === sep ? sep : folderPath + sep);
    },
  };
}

function entryOf(stats: Stats): LocalEntry {
  const kind = stats.isFile()
    ? "file"
    : stats.isDirectory()
      ? "directory"
      : stats.isSymbolicLink()
        ? "link"
        : "other";
  return { kind, mode: stats.mode & 0o7777 };
}

function attempt<T>(operation: string, path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    // Reading a folder fails when it is read, not when it is opened.
    throw new LocalFileError(`${code === "EISDIR" ? "read" : operation} ${path}: ${describe(error, code)}`);
  }
}

function describe(error: unknown, code: string): string {
  const number = error instanceof Error && "errno" in error ? error.errno : undefined;
  const known = typeof number === "number" ? getSystemErrorMap().get(number)?.[1] : undefined;
  return systemTexts[code] ?? known ?? code;
}

/** Texts of the C library where libuv has other words. */
const systemTexts: Readonly<Record<string, string>> = {
  EISDIR: "is a directory",
  ELOOP: "too many levels of symbolic links",
  ENAMETOOLONG: "file name too long",
};
