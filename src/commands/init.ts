import { join } from "node:path";
import { IgneousError } from "../core/errors.ts";
import { sizeOf, writeAtomic } from "../host/files.ts";
import { readPackageFiles } from "../host/package-files.ts";
import { specFileName } from "./project.ts";

export interface InitResult {
  readonly folder: string;
  readonly files: readonly string[];
}

/** Writes a commented spec with its templates into a folder. A file that is there already is never touched. */
export async function initProject(folder: string): Promise<InitResult> {
  const example = await readPackageFiles("examples/upstream");
  const butane = await readPackageFiles("butane");
  const packer = await readPackageFiles("packer");
  const files = [
    ...example,
    ...butane.map((file) => ({ ...file, path: `butane/${file.path}` })),
    ...packer.map((file) => ({ ...file, path: `packer/${file.path}` })),
  ];
  if (!example.some(({ path }) => path === specFileName)) throw new Error("the package has no example spec");
  const there: string[] = [];
  for (const { path } of files) if ((await sizeOf(join(folder, path))) !== undefined) there.push(path);
  if (there.length > 0) {
    throw new IgneousError("file-exists", `${folder} already has ${there.join(", ")}`, {
      hint: "name an empty folder: igneous init DIR",
    });
  }
  for (const { path, contents } of files) await writeAtomic(join(folder, path), contents);
  return { folder, files: files.map(({ path }) => path) };
}
