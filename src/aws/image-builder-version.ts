import { inc, rsort } from "semver";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { awsErrorCode } from "./failure.ts";

/** A kind of resource that has semantic versions: components and recipes. */
export interface VersionedResource {
  readonly kind: string;
  readonly name: string;
  /** All versions that there are, whoever made them. */
  readonly list: () => Promise<readonly { readonly version: string; readonly arn: string }[]>;
  /** Whether a version says what is wanted. */
  readonly isWanted: (arn: string) => Promise<boolean>;
  readonly create: (version: string) => Promise<string>;
}

export interface EnsuredVersion {
  readonly arn: string;
  readonly version: string;
  readonly created: boolean;
}

/** How often another process may take the next version before us. */
const races = 5;

const taken = /^(ResourceAlreadyExistsException|ResourceInUseException|InvalidVersionNumberException)$/u;

/**
 * The newest version with the wanted content, or the next patch version, made now. Nothing is ever overwritten: a version
 * that somebody else made with other content is passed over.
 */
export async function ensureVersion(context: Context, resource: VersionedResource): Promise<EnsuredVersion> {
  for (let race = 0; race < races; race++) {
    const found = await resource.list();
    const newestFirst = rsort(found.map(({ version }) => version));
    for (const version of newestFirst) {
      context.signal.throwIfAborted();
      const arn = found.find((entry) => entry.version === version)?.arn ?? "";
      if (await resource.isWanted(arn)) return { arn, version, created: false };
    }
    const version = nextVersion(newestFirst[0]);
    try {
      return { arn: await resource.create(version), version, created: true };
    } catch (error) {
      if (!taken.test(awsErrorCode(error))) throw error;
    }
  }
  throw new IgneousError(
    "aws-failed",
    `${resource.kind} ${resource.name}: each next version was taken before it could be made`,
    { hint: "see who else bakes this spec, then run the same command again" },
  );
}

/** The patch version after `newest`; 1.0.0 when there is none. */
export function nextVersion(newest: string | undefined): string {
  const next = newest === undefined ? "1.0.0" : inc(newest, "patch");
  if (next === null) throw new Error(`'${newest}' is not a semantic version`);
  return next;
}
