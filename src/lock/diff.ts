import { missingFromLock } from "../base/resolve.ts";
import type { Digest } from "../core/digest.ts";
import type { Lock } from "./schema.ts";

/** What a spec asks for, in the words of the lock. */
export interface Wanted {
  readonly name: string;
  readonly platform: string;
  readonly spec: Digest;
  readonly templates: Readonly<Record<string, Digest>>;
  readonly references: readonly string[];
  readonly suite: string;
  readonly requestedPackages: readonly string[];
  /** AMIs that the spec does not name by their ids. */
  readonly sourceAmis: readonly SourceAmiPlace[];
}

export interface SourceAmiPlace {
  readonly asked: string;
  readonly region: string;
}

/** One way in which a lock does not match its spec. */
export interface Difference {
  readonly what: string;
  readonly locked: string | null;
  readonly wanted: string | null;
}

/** Every difference between a lock and what its spec asks for now; none means that the lock may be baked from. */
export function diffLock(lock: Lock, wanted: Wanted): readonly Difference[] {
  const differences: Difference[] = [];
  const compare = (what: string, locked: string | null, want: string | null): void => {
    if (locked !== want) differences.push({ what, locked, wanted: want });
  };
  compare("name", lock.name, wanted.name);
  compare("platform", lock.platform, wanted.platform);
  const references = new Set(lock.images.map((image) => image.reference));
  for (const reference of wanted.references) {
    if (!references.delete(reference)) compare(`image ${reference}`, null, "needed by the spec");
  }
  for (const reference of references) compare(`image ${reference}`, "locked", null);
  compare("base suite", lock.base.suite, wanted.suite);
  compare("base packages", [...lock.base.requested].join(" "), [...wanted.requestedPackages].join(" "));
  for (const name of missingFromLock(lock.base, wanted.requestedPackages)) {
    compare(`base package ${name}`, null, "needed by this igneous or the spec");
  }
  const amis = new Set(lock.sourceAmis?.map(placeOf));
  for (const place of wanted.sourceAmis.map(placeOf))
    if (!amis.delete(place)) compare(`source AMI ${place}`, null, "needed by the spec");
  for (const place of amis) compare(`source AMI ${place}`, "locked", null);
  const paths = new Set([...Object.keys(lock.templates), ...Object.keys(wanted.templates)]);
  for (const path of [...paths].sort()) {
    compare(`template ${path}`, lock.templates[path] ?? null, wanted.templates[path] ?? null);
  }
  if (differences.length === 0) compare("spec", lock.spec, wanted.spec);
  return differences;
}

/** `devnet-* of self in eu-central-1`: what one entry of the lock is for. */
export function placeOf({ asked, region }: SourceAmiPlace): string {
  return `${asked} in ${region}`;
}
