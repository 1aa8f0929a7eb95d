import type { Findings } from "../ignition/problem.ts";
import { findInteger, findString, isTrue, part, parts, type Path, type Struct } from "../ignition/value.ts";
import { messages } from "./messages.ts";

/** The number that each of the image's own partitions has. */
const reservedNumbers: Readonly<Record<string, bigint>> = {
  "BIOS-BOOT": 1n,
  "EFI-SYSTEM": 2n,
  "PowerPC-PReP-boot": 1n,
  boot: 3n,
  root: 4n,
};

const smallestRootMiB = 8192n;

/** Warnings about partitions of a translated config; paths are those of the output. */
export function checkPartitions(config: Struct, minor: number, find: Findings): void {
  for (const [index, disk] of parts(part(config, "storage"), "disks").entries()) {
    const partitions = parts(disk, "partitions");
    for (const [position, partition] of partitions.entries()) {
      const at = ["storage", "disks", index, "partitions", position];
      const label = findString(partition, "label");
      if (label === undefined) continue;
      if (label === "root" && minor >= 3) checkRoot(partition, partitions, at, find);
      const number = reservedNumbers[label];
      const wrong = number !== undefined && findInteger(partition, "number") !== number;
      if (wrong && !isTrue(disk, "wipeTable")) find.warn([...at, "label"], messages.partitionNumber);
    }
  }
}

function checkRoot(root: Struct, partitions: readonly Struct[], at: Path, find: Findings): void {
  const size = findInteger(root, "sizeMiB") ?? 0n;
  if (size !== 0n) {
    find.warn([...at, "size_mib"], size < smallestRootMiB ? messages.rootTooSmall : undefined);
    return;
  }
  const floating = partitions.some(
    (other) => other !== root && (findInteger(other, "startMiB") ?? 0n) === 0n,
  );
  find.warn([...at, "label"], floating ? messages.rootConstrained : undefined);
}
