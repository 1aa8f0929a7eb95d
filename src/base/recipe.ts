import { digestHex, digestOf, type Sha256Hex } from "../core/digest.ts";
import { canonicalJson } from "../core/json.ts";
import { readPackageFiles } from "../host/package-files.ts";
import type { LockedBase } from "./locked.ts";

/** Folders of the package whose files go into the base tree or make it. */
const recipeFolders = ["node/base", "node/compose", "node/dracut"] as const;

/** Digest of everything that the base tree depends on: the packages, the tools, and the files of our own. */
export async function recipeDigest(locked: LockedBase): Promise<Sha256Hex> {
  const files = await Promise.all(
    recipeFolders.map(async (folder) => {
      const found = await readPackageFiles(folder);
      return found.map(({ path, contents, executable }) => [
        `${folder}/${path}`,
        digestOf(contents),
        executable,
      ]);
    }),
  );
  const identity = ({ name, sha256 }: LockedBase["packages"][number]): string => `${name} ${sha256}`;
  const recipe = {
    suite: locked.suite,
    packages: locked.packages.map(identity).sort(),
    tools: locked.tools.map(identity).sort(),
    files: files.flat(),
  };
  return digestHex(digestOf(canonicalJson(recipe)));
}
