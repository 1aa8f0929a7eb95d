import { pathProblem, type Rule } from "./rules-common.ts";
import { byteLength } from "../core/byte-text.ts";
import { findInteger, findString, parts, type Struct, text } from "./value.ts";

const disk: Rule = (struct, path, find) => {
  const device = text(struct, "device");
  if (device === "") {
    find.error(path, "disk device is required", "device");
    return;
  }
  find.error(path, pathProblem(device), "device");
  const partitions = parts(struct, "partitions");
  const at = (index: number | undefined, message: string): void => {
    if (index !== undefined) find.error(path, message, "partitions", index);
  };
  at(sameNumber(partitions), "partition numbers collide");
  at(overlap(partitions), "partitions overlap");
  const mixed =
    partitions.some((item) => item["shouldExist"] === false) &&
    partitions.some((item) => number(item) === 0n);
  find.error(
    path,
    mixed ? "shouldExist is false for a partition and other partition(s) has start or size 0" : undefined,
    "partitions",
  );
  at(sameLabel(partitions), "cannot use the same partition label twice");
};

const number = (partition: Struct): bigint => findInteger(partition, "number") ?? 0n;

/** The second partition with a number that another one has. */
function sameNumber(partitions: readonly Struct[]): number | undefined {
  const seen = new Set<bigint>();
  for (const [index, item] of partitions.entries()) {
    if (number(item) !== 0n && seen.has(number(item))) return index;
    seen.add(number(item));
  }
  return undefined;
}

function sameLabel(partitions: readonly Struct[]): number | undefined {
  const seen = new Set<string>();
  for (const [index, item] of partitions.entries()) {
    const label = findString(item, "label");
    if (label === undefined) continue;
    if (seen.has(label)) return index;
    seen.add(label);
  }
  return undefined;
}

interface Extent {
  readonly index: number;
  readonly partition: Struct;
  readonly start: bigint;
  readonly end: bigint;
}

/** Partitions whose place is given; one that fills the rest of the disk counts as its first block. */
function extents(partitions: readonly Struct[]): readonly Extent[] {
  return partitions.flatMap((partition, index) => {
    const start = findInteger(partition, "startMiB");
    const size = findInteger(partition, "sizeMiB");
    if (start === undefined || size === undefined || start === 0n) return [];
    return [{ index, partition, start, end: size === 0n ? start : start + size - 1n }];
  });
}

function overlap(partitions: readonly Struct[]): number | undefined {
  const known = extents(partitions);
  for (const a of known) {
    for (const b of known) {
      if (a.index === b.index) continue;
      const startInside = a.start >= b.start && a.start <= b.end;
      const endInside = a.end >= b.start && a.end <= b.end;
      if (startInside || endInside || (a.start < b.start && a.end > b.end)) return b.index;
    }
  }
  return undefined;
}

const partition: Rule = (struct, path, find) => {
  const label = findString(struct, "label");
  const described =
    label !== undefined ||
    text(struct, "typeGuid") !== "" ||
    text(struct, "guid") !== "" ||
    struct["startMiB"] !== undefined ||
    struct["sizeMiB"] !== undefined;
  const gone = struct["shouldExist"] === false && described;
  find.error(path, gone ? "shouldExist specified false with other options also specified" : undefined);
  const nameless = number(struct) === 0n && label === undefined;
  find.error(path, nameless ? "a partition number >= 1 or a label must be specified" : undefined);
  find.error(path, labelProblem(label), "label");
  find.error(path, guidProblem(text(struct, "guid")), "guid");
  find.error(path, guidProblem(text(struct, "typeGuid")), "typeGuid");
};

function labelProblem(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  if (byteLength(label) > 36) return "partition labels may not exceed 36 characters";
  return label.includes(":") ? "partition label will be truncated to text before the colon" : undefined;
}

function guidProblem(guid: string): string | undefined {
  const wanted = /^(?:|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$/u;
  return wanted.test(guid) ? undefined : 'doesn\'t match the form "01234567-89AB-CDEF-EDCB-A98765432101"';
}

/** Rules about how disks are divided. */
export const partitionRules: Readonly<Record<string, Rule>> = { Disk: disk, Partition: partition };
