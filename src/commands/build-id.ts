import { type Digest, digestOf, shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import { version } from "../core/version.ts";
import { readPackageFiles } from "../host/package-files.ts";
import type { Lock, LockedBuild } from "../lock/schema.ts";

/**
 * The id of a build: the digest of everything that shapes it, which is the lock's inputs and the programs that igneous
 * itself puts into an image. Equal ids mean equal bytes.
 */
export async function buildIdOf(lock: Lock): Promise<Digest> {
  const programs = await readPackageFiles("node");
  const recipe = digestOf(
    canonicalJson(programs.map(({ path, contents, executable }) => [path, digestOf(contents), executable])),
  );
  return digestOf(
    canonicalJson({
      igneous: version,
      recipe,
      name: lock.name,
      platform: lock.platform,
      spec: lock.spec,
      templates: lock.templates,
      images: lock.images.map(({ reference, manifestDigest }) => [reference, manifestDigest]),
      packages: lock.base.packages.map(({ sha256 }) => sha256),
      tools: lock.base.tools.map(({ sha256 }) => sha256),
    }),
  );
}

/** The build that a person means by a prefix of its id (or by nothing: the newest). */
export function findBuild(lock: Lock, prefix: string | undefined): LockedBuild {
  const { builds } = lock;
  if (prefix === undefined) {
    const newest = builds[0];
    if (newest === undefined)
      throw new IgneousError("build-unknown", "nothing has been baked yet", { hint: "run: igneous bake" });
    return newest;
  }
  const found = builds.filter(({ id }) => id.startsWith(prefix) || id.slice(7).startsWith(prefix));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const known = builds.map(({ id }) => shortDigest(id)).join(", ");
  const hint = known === "" ? "nothing has been baked yet; run: igneous bake" : `name one of: ${known}`;
  const message =
    found.length === 0 ? `the lock has no build '${prefix}'` : `'${prefix}' begins more than one build id`;
  throw new IgneousError("build-unknown", message, { hint });
}

/** What an image of this build goes back to: the newest other build, or what is recorded when it was baked before. */
export function predecessorOf(lock: Lock, id: Digest): LockedBuild | undefined {
  const recorded = lock.builds.find((build) => build.id === id);
  if (recorded === undefined) return lock.builds[0];
  return lock.builds.find((build) => build.id === recorded.predecessor);
}
