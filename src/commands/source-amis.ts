import { findSourceAmi } from "../aws/source-ami.ts";
import { openAws } from "../aws/session.ts";
import { findImage } from "../aws/waits.ts";
import type { Context } from "../core/context.ts";
import { runStep } from "../core/step.ts";
import { placeOf } from "../lock/diff.ts";
import type { Lock, LockedSourceAmi } from "../lock/schema.ts";
import { type AskedSourceAmi, askedSourceAmis } from "./asked-source-amis.ts";
import type { Project } from "./project.ts";

export type Outcome = "kept" | "locked" | "updated";

export interface DescribedAmi extends LockedSourceAmi {
  readonly outcome: Outcome;
  readonly previous?: string;
}

interface Locking {
  readonly update: boolean;
  readonly refreshGone: boolean;
}

/** Resolves the AMIs that the spec asks for by a name or a parameter; what is locked stays, and asks AWS nothing. */
export async function lockSourceAmis(
  context: Context,
  { loaded }: Pick<Project, "loaded">,
  previous: readonly LockedSourceAmi[] | undefined,
  { update, refreshGone }: Locking,
): Promise<readonly LockedSourceAmi[] | undefined> {
  const asked = askedSourceAmis(loaded.spec);
  if (asked.length === 0) return undefined;
  const known = new Map(previous?.map((ami) => [placeOf(ami), ami]));
  return runStep(context, "source-amis", "resolve the AMIs that builders start from", async () => {
    const aws = openAws(context);
    const one = async ({ question, ...place }: AskedSourceAmi): Promise<LockedSourceAmi> => {
      const old = known.get(placeOf(place));
      const isGone = async ({ region, amiId }: LockedSourceAmi): Promise<boolean> =>
        refreshGone && (await findImage(aws, region, amiId)) === undefined;
      if (old !== undefined && !update && !(await isGone(old))) return old;
      return { ...place, ...(await findSourceAmi(aws, place.region, question)) };
    };
    const value = await Promise.all(asked.map(one));
    const fresh = value.filter((ami) => known.get(placeOf(ami)) !== ami).length;
    const outcome = fresh === 0 ? "unchanged" : "done";
    return { value, outcome, note: value.map(({ amiId }) => amiId).join(", ") };
  });
}

/** The AMI of an answer of {@link askedSourceAmis}'s kind: an id or ARN as it is, anything else as the lock has it. */
export function lockedSourceAmi(
  lock: Pick<Lock, "sourceAmis">,
  base: string | AskedSourceAmi | undefined,
): string | undefined {
  if (typeof base !== "object") return base;
  const found = lock.sourceAmis?.find((ami) => placeOf(ami) === placeOf(base));
  if (found === undefined) throw new Error(`the lock fits the spec, but has no ${placeOf(base)}`);
  return found.amiId;
}

/** What `lock` did about one of them. */
export function describeAmi(
  ami: LockedSourceAmi,
  before: readonly LockedSourceAmi[] | undefined,
): DescribedAmi {
  const old = before?.find((one) => placeOf(one) === placeOf(ami))?.amiId;
  if (old === undefined) return { ...ami, outcome: "locked" };
  return { ...ami, outcome: old === ami.amiId ? "kept" : "updated", previous: old };
}
