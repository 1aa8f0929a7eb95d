import type { SourceAmiQuestion } from "../aws/source-ami.ts";
import { placeOf, type SourceAmiPlace } from "../lock/diff.ts";
import type { Spec } from "../spec/schema.ts";

export interface AskedSourceAmi extends SourceAmiPlace {
  readonly question: SourceAmiQuestion;
}

/** The AMIs that a spec asks for other than by their ids: the lock says which they are. */
export function askedSourceAmis(spec: Spec): readonly AskedSourceAmi[] {
  const asked = [packerBase(spec), builderParent(spec)].filter(
    (one): one is AskedSourceAmi => typeof one === "object",
  );
  const places = new Map(asked.map((one) => [placeOf(one), one]));
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** What Packer's instance is started from: an id, or what to ask AWS. */
export function packerBase({ packer, publish }: Spec): string | AskedSourceAmi | undefined {
  const region = packer?.amazon?.region ?? publish?.regions[0];
  const base = packer?.amazon?.base;
  if (base === undefined || region === undefined) return undefined;
  if ("ami" in base) return base.ami;
  return { asked: `${base.name} of ${base.owners.join(", ")}`, region, question: base };
}

/** What Image Builder's recipe is made on: an id or ARN, or what to ask AWS. */
export function builderParent({ imageBuilder, publish }: Spec): string | AskedSourceAmi | undefined {
  const region = publish?.regions[0];
  if (imageBuilder === undefined || region === undefined) return undefined;
  const { parentImage: asked } = imageBuilder;
  if (!asked.startsWith("ssm:")) return asked;
  return { asked, region, question: { parameter: asked.slice("ssm:".length) } };
}
