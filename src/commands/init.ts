import { join } from "node:path";
import { IgneousError } from "../core/errors.ts";
import { type Json, prettyJson } from "../core/json.ts";
import { findText, sizeOf, writeAtomic } from "../host/files.ts";
import { readPackageFiles } from "../host/package-files.ts";
import { specJsonSchema } from "../spec/schema.ts";
import { specFileName } from "./project.ts";

export interface InitResult {
  readonly folder: string;
  readonly files: readonly string[];
  /** The folder is not kept out of git by the .gitignore that was there. */
  readonly unignored: boolean;
}

const schemaFile = "igneous.schema.json";
const ignored = ".igneous/";

/** Writes a commented spec with its templates into a folder. A file that is there already is never touched. */
export async function initProject(folder: string): Promise<InitResult> {
  const example = await readPackageFiles("examples/upstream");
  const butane = await readPackageFiles("butane");
  const packer = await readPackageFiles("packer");
  const spec = example.find(({ path }) => path === specFileName);
  if (spec === undefined) throw new Error("the package has no example spec");
  const ignores = await findText(join(folder, ".gitignore"));
  const files = [
    ...(ignores === undefined
      ? [{ path: ".gitignore", contents: `# repo, builds and records of this machine\n${ignored}\n` }]
      : []),
    { path: schemaFile, contents: prettyJson(specJsonSchema() as Json) },
    {
      ...spec,
      contents: `# yaml-language-server: $schema=./${schemaFile}\n${spec.contents.toString("utf8")}`,
    },
    ...butane.map((file) => ({ ...file, path: `butane/${file.path}` })),
    ...packer.map((file) => ({ ...file, path: `packer/${file.path}` })),
  ];
  const there: string[] = [];
  for (const { path } of files) if ((await sizeOf(join(folder, path))) !== undefined) there.push(path);
  if (there.length > 0) {
    throw new IgneousError("file-exists", `${folder} already has ${there.join(", ")}`, {
      hint: "name an empty folder: igneous init DIR",
    });
  }
  for (const file of files) {
    const isProgram = "executable" in file && file.executable;
    await writeAtomic(join(folder, file.path), file.contents, isProgram ? 0o755 : undefined);
  }
  const unignored = ignores !== undefined && !/^\/?\.igneous\/?\s*$/mu.test(ignores);
  return { folder, files: files.map(({ path }) => path), unignored };
}
