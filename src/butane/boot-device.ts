import {
  findString,
  isTrue,
  list,
  part,
  parts,
  type Path,
  type Struct,
  text,
  type Value,
  zeroStruct,
} from "../ignition/value.ts";
import type { TypeSet } from "../ignition/type-table.ts";
import type { Generated } from "./mount-units.ts";
import { addFromCommonSource, addTranslation, newTranslations, type Translations } from "./translations.ts";

/**
 * Partitions of a mirrored boot disk, in order: label, MiB, type. They replicate the image's own layout, so the
 * numbers must never change. The last two, `boot` and `root`, are the same everywhere.
 */
type PartitionRow = readonly [label: string, sizeMiB: bigint | undefined, typeGuid: string | undefined];
const bios: PartitionRow = ["bios", 1n, "21686148-6449-6E6F-744E-656564454649"];
const esp: PartitionRow = ["esp", 127n, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"];
const prep: PartitionRow = ["prep", 4n, "9E1A2D38-C612-4316-AA26-8B49521E5A8B"];
const reserved: PartitionRow = ["reserved", 1n, "8DA63339-0007-60C0-C436-083AC8230908"];
const layouts: Readonly<Record<string, readonly PartitionRow[]>> = {
  aarch64: [reserved, esp],
  ppc64le: [prep, reserved],
  x86_64: [bios, esp],
};
const common: readonly PartitionRow[] = [
  ["boot", 384n, undefined],
  ["root", undefined, undefined],
];

/** What is appended to the disk's name to get the root partition, on layouts that name the disk. */
const rootPartition: Readonly<Record<string, string>> = { "s390x-eckd": "2", "s390x-zfcp": "4" };

interface Building {
  readonly target: TypeSet;
  readonly storage: Struct;
  readonly translations: Translations;
}

/** Disks, arrays, encryption and file systems for a mirrored or encrypted boot disk; undefined when it is neither. */
export function generateBootDevice(source: Struct, target: TypeSet): Generated | undefined {
  const boot = part(source, "boot_device");
  const luks = part(boot, "luks");
  const devices = list(part(boot, "mirror"), "devices") as string[];
  const wantLuks =
    isTrue(luks, "tpm2") || list(luks, "tang").length > 0 || isTrue(part(luks, "cex"), "enabled");
  if (!wantLuks && devices.length === 0) return undefined;
  const config = zeroStruct("Config", target);
  const building = { target, storage: part(config, "storage"), translations: newTranslations() };
  const layout = findString(boot, "layout") ?? "x86_64";
  if (devices.length > 0) addMirror(building, devices, layouts[layout] ?? [reserved, reserved]);
  if (wantLuks) addLuks(building, luks, layout, devices.length > 0);
  const rootDevice = wantLuks ? "/dev/mapper/root" : "/dev/md/md-root";
  addFilesystem(building, ["boot_device"], rootDevice, "xfs", "root");
  addTranslation(building.translations, ["boot_device"], ["storage", "filesystems"]);
  addTranslation(building.translations, ["boot_device"], ["storage"]);
  return { config, translations: building.translations };
}

function append(building: Building, list_: string, from: Path, type: string, fields: Struct): void {
  const { storage, target, translations } = building;
  const items = list(storage, list_);
  const struct = { ...zeroStruct(type, target), ...fields };
  addFromCommonSource(translations, from, ["storage", list_, items.length]);
  storage[list_] = [...items, struct];
}

function addFilesystem(building: Building, from: Path, device: string, format: string, label: string): void {
  append(building, "filesystems", from, "Filesystem", { device, format, label, wipeFilesystem: true });
}

function addMirror(building: Building, devices: readonly string[], layout: readonly PartitionRow[]): void {
  const { target, translations } = building;
  for (const [index, device] of devices.entries()) {
    const from = ["boot_device", "mirror", "devices", index];
    const partitions = [...layout, ...common].map(([label, sizeMiB, typeGuid]) => ({
      ...zeroStruct("Partition", target),
      label: `${label}-${index + 1}`,
      sizeMiB,
      typeGuid,
    }));
    append(building, "disks", from, "Disk", { device, partitions, wipeTable: true });
    if (!layout.includes(esp)) continue;
    addFilesystem(building, from, `/dev/disk/by-partlabel/esp-${index + 1}`, "vfat", `esp-${index + 1}`);
  }
  addTranslation(translations, ["boot_device", "mirror", "devices"], ["storage", "disks"]);
  const from = ["boot_device", "mirror"];
  for (const [name, options] of [
    ["boot", ["--metadata=1.0"]],
    ["root", undefined],
  ] as const) {
    const members: Value[] = devices.map((_, index) => `/dev/disk/by-partlabel/${name}-${index + 1}`);
    // With its superblock at the end, a member of the boot array is a file system to a GRUB that knows no RAID.
    const fields = { devices: members, level: "raid1", name: `md-${name}`, options: options && [...options] };
    append(building, "raid", from, "Raid", fields);
  }
  addTranslation(translations, from, ["storage", "raid"]);
  addFilesystem(building, from, "/dev/md/md-boot", "ext4", "boot");
}

function addLuks(building: Building, luks: Struct, layout: string, mirrored: boolean): void {
  const { target, storage, translations } = building;
  const suffix = rootPartition[layout];
  const device =
    suffix !== undefined
      ? text(luks, "device") + suffix
      : mirrored
        ? "/dev/md/md-root"
        : "/dev/disk/by-partlabel/root";
  const from = ["boot_device", "luks"];
  const to = ["storage", "luks", 0];
  const entry: Struct = {
    ...zeroStruct("Luks", target),
    device,
    label: "luks-root",
    name: "root",
    wipeVolume: true,
  };
  if (target.version >= 4) {
    entry["discard"] = luks["discard"];
    addTranslation(translations, [...from, "discard"], [...to, "discard"]);
  }
  if (isTrue(part(luks, "cex"), "enabled")) {
    entry["cex"] = { ...zeroStruct("Cex", target), enabled: true };
    addTranslation(translations, [...from, "enabled"], [...to, "cex", "enabled"]);
    addTranslation(translations, from, [...to, "cex"]);
  } else {
    entry["clevis"] = rootClevis(building, luks, from, [...to, "clevis"]);
  }
  for (const field of ["device", "label", "name", "wipeVolume"]) {
    addTranslation(translations, from, [...to, field]);
  }
  addTranslation(translations, from, to);
  addTranslation(translations, from, ["storage", "luks"]);
  storage["luks"] = [entry];
}

function rootClevis({ target, translations }: Building, luks: Struct, from: Path, to: Path): Struct {
  const clevis = zeroStruct("Clevis", target);
  const tang = luks["tang"] === undefined ? undefined : parts(luks, "tang");
  clevis["tang"] = tang?.map((item, index) => {
    for (const field of Object.keys(item)) {
      if (item[field] === undefined) continue;
      addTranslation(translations, [...from, "tang", index, field], [...to, "tang", index, field]);
    }
    addTranslation(translations, [...from, "tang", index], [...to, "tang", index]);
    return { ...zeroStruct("Tang", target), ...item };
  });
  if (tang !== undefined) addTranslation(translations, [...from, "tang"], [...to, "tang"]);
  for (const field of ["threshold", "tpm2"]) {
    clevis[field] = luks[field];
    if (luks[field] !== undefined) addTranslation(translations, [...from, field], [...to, field]);
  }
  addTranslation(translations, from, to);
  return clevis;
}
