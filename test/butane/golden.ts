import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = "test/fixtures/butane";

/** The folder that the golden translations embed from. */
export const goldenFiles = join(folder, "files");
// Git keeps no empty folder, and one is part of the tree.
mkdirSync(`${goldenFiles}/tree/d/e`, { recursive: true });

/** The lines of a golden file. */
export function readGolden<T>(name: string): readonly T[] {
  const lines = readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as T);
}
