import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the installed igneous: where `butane/`, `packer/`, `node/` and `examples/` are. */
export const packageFolder = findPackage(dirname(fileURLToPath(import.meta.url)));

/** This module lies deeper in the sources than in what is built of them. */
function findPackage(folder: string): string {
  const above = dirname(folder);
  return above === folder || existsSync(join(folder, "package.json")) ? folder : findPackage(above);
}

export interface PackageFile {
  /** Path below the folder that was listed, with `/`. */
  readonly path: string;
  readonly contents: Buffer;
  readonly executable: boolean;
}

/** All regular files below a folder of the package, sorted by path; none when the folder does not exist. */
export async function readPackageFiles(folder: string): Promise<readonly PackageFile[]> {
  const root = join(packageFolder, folder);
  const names = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.sort().map(async (file) => ({
      path: file.slice(root.length + 1),
      contents: await readFile(file),
      executable: ((await stat(file)).mode & 0o111) !== 0,
    })),
  );
}
