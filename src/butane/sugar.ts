import { below, findString, list, type Path, type Struct, text } from "../ignition/value.ts";
import { bytesToText, textToBytes } from "../core/byte-text.ts";
import { textDataUrl } from "../ignition/data-url.ts";
import { encodeContents } from "./data-url.ts";
import { LocalFileError, type LocalFiles } from "../core/local-files.ts";
import { messages } from "./messages.ts";
import type { Translating } from "./translate.ts";
import { addTranslation } from "./translations.ts";

type Sugar = (translating: Translating, from: Struct, to: Struct, fromPath: Path, toPath: Path) => void;

/** Fills in what Butane's own fields of a struct stand for. The paths are only lent. */
export function addSugar(
  translating: Translating,
  type: string,
  from: Struct,
  to: Struct,
  fromPath: Path,
  toPath: Path,
): void {
  sugars[type]?.(translating, from, to, fromPath, toPath);
}

const sugars: Readonly<Record<string, Sugar>> = {
  Dropin: addLocalContents,
  FileContents: addInlineText,
  PasswdUser: addLocalKeys,
  Resource: addResource,
  Unit: addLocalContents,
};

/** In 1.0 text is always percent-encoded and never compressed. */
function addInlineText(
  { translations }: Translating,
  from: Struct,
  to: Struct,
  fromPath: Path,
  toPath: Path,
): void {
  const inline = findString(from, "inline");
  if (inline === undefined) return;
  to["source"] = textDataUrl(inline);
  addTranslation(translations, [...fromPath, "inline"], below(toPath, "source"));
}

const resourceSugar = ["local", "inline"] as const;

function addResource(translating: Translating, from: Struct, to: Struct, fromPath: Path, toPath: Path): void {
  const { translations } = translating;
  for (const field of resourceSugar) {
    const value = findString(from, field);
    if (value === undefined) continue;
    const at = below(fromPath, field);
    const contents = field === "inline" ? textToBytes(value) : readLocal(translating, value, at);
    if (contents === undefined) return;
    const { url, compression } = encodeContents(contents, findString(to, "compression"));
    to["source"] = url;
    addTranslation(translations, at, below(toPath, "source"));
    if (compression === undefined) continue;
    to["compression"] = compression;
    addTranslation(translations, at, below(toPath, "compression"));
  }
}

function addLocalContents(
  translating: Translating,
  from: Struct,
  to: Struct,
  fromPath: Path,
  toPath: Path,
): void {
  const local = text(from, "contents_local");
  if (local === "") return;
  const at = [...fromPath, "contents_local"];
  const contents = readLocal(translating, local, at);
  if (contents === undefined) return;
  addTranslation(translating.translations, at, [...toPath, "contents"]);
  to["contents"] = bytesToText(contents);
}

function addLocalKeys(
  translating: Translating,
  from: Struct,
  to: Struct,
  fromPath: Path,
  toPath: Path,
): void {
  const { translations, find, files } = translating;
  const names = list(from, "ssh_authorized_keys_local");
  if (names.length === 0) return;
  const at = [...fromPath, "ssh_authorized_keys_local"];
  addTranslation(translations, at, [...toPath, "sshAuthorizedKeys"]);
  if (files === undefined) {
    find.error(at, messages.noFilesDir);
    return;
  }
  const keys = [...list(to, "sshAuthorizedKeys")];
  for (const [index, name] of names.entries()) {
    const contents = readLocal(translating, String(name), [...at, index]);
    if (contents === undefined) continue;
    for (const line of bytesToText(contents).split(/\r?\n/u)) {
      if (line === "") continue;
      addTranslation(translations, [...at, index], [...toPath, "sshAuthorizedKeys", keys.length]);
      keys.push(line);
    }
  }
  if (keys.length > 0) to["sshAuthorizedKeys"] = keys;
}

/** The bytes of a local file; a problem is noted and undefined returned. */
export function readLocal({ files, find }: Translating, name: string, at: Path): Uint8Array | undefined {
  if (files === undefined) {
    find.error(at, messages.noFilesDir);
    return undefined;
  }
  const path = files.resolve(name);
  if (path === undefined) {
    find.error(at, messages.escapesFilesDir);
    return undefined;
  }
  return tryLocal(
    () => readInside(files, path),
    (message) => find.error(at, message),
  );
}

function readInside(files: LocalFiles, path: string): Uint8Array {
  if (!files.isInside(path)) throw new LocalFileError(`${path}: ${messages.linkEscapesFilesDir}`);
  return files.read(path);
}

/** Runs something that looks at local files; a failure of the files is handed on as a message. */
export function tryLocal<T>(body: () => T, onProblem: (message: string) => void): T | undefined {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof LocalFileError)) throw error;
    onProblem(error.message);
    return undefined;
  }
}
