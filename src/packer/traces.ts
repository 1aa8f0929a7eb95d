import { type PackerLine, shownLine } from "./machine-readable.ts";

/** Names that a run of Packer said it gave to what it makes for a while. */
export interface PackerTraces {
  readonly instances: readonly string[];
  /** Temporary key pairs and security groups; both are called `packer_` and a UUID. */
  readonly names: readonly string[];
  /** Launch templates of spot instances. */
  readonly templates: readonly string[];
  /** The AMI that the instance was started from. */
  readonly sourceAmi: string | undefined;
}

/** Reads what Packer said. Tags are not enough: old versions put none on key pairs and security groups. */
export function findTraces(lines: readonly PackerLine[]): PackerTraces {
  const text = lines.map((line) => shownLine(line) ?? "").join("\n");
  const all = (pattern: RegExp): readonly string[] => [...new Set(text.match(pattern) ?? [])];
  const sourceAmi = /Found Image ID: (ami-[0-9a-f]+)/u.exec(text)?.[1];
  return {
    sourceAmi,
    instances: all(/\bi-[0-9a-f]{8,17}\b/gu),
    names: all(/\bpacker_[0-9a-f-]{36}\b/gu),
    templates: all(/\blt-[0-9a-f]{8,17}\b/gu),
  };
}
