import { byteLength } from "../core/byte-text.ts";
import { optionalPathProblem, optionalUrlProblem, pathProblem, type Rule } from "./rules-common.ts";
import { checkLinks } from "./rules-links.ts";
import type { Findings } from "./problem.ts";
import {
  below,
  findInteger,
  findString,
  isTrue,
  part,
  parts,
  type Path,
  type Struct,
  text,
} from "./value.ts";
import { hasItems } from "./write-json.ts";

const owner: Rule = (struct, path, find) => {
  const both = struct["id"] !== undefined && text(struct, "name") !== "";
  find.error(path, both ? "cannot set both id and name" : undefined);
};

function checkMode(struct: Struct, path: Path, find: Findings, minor: number): void {
  const mode = findInteger(struct, "mode");
  if (mode === undefined) return;
  find.error(path, mode < 0n || mode > 0o7777n ? "illegal file mode" : undefined, "mode");
  const special = minor < 6 && (mode & 0o7000n) !== 0n;
  const message =
    "setuid/setgid/sticky bits are not supported or functional in spec versions older than 3.6.0";
  find.warn(path, special ? message : undefined, "mode");
}

const directory: Rule = (struct, path, find, minor) => {
  find.error(path, pathProblem(text(struct, "path")), "path");
  checkMode(struct, path, find, minor);
};

const file: Rule = (struct, path, find, minor) => {
  directory(struct, path, find, minor);
  const overwrites =
    isTrue(struct, "overwrite") && findString(part(struct, "contents"), "source") === undefined;
  find.error(path, overwrites ? "overwrite must be false if source is unspecified" : undefined, "overwrite");
};

/** Longest label of each file system, in bytes. */
const labelLimits: Readonly<Record<string, number>> = { btrfs: 256, ext4: 16, swap: 15, vfat: 11, xfs: 12 };

const filesystem: Rule = (struct, path, find, minor) => {
  find.error(path, optionalPathProblem(struct, "path"), "path");
  find.error(path, pathProblem(text(struct, "device")), "device");
  find.error(path, formatProblem(struct, minor), "format");
  find.error(path, labelProblem(struct), "label");
};

function formatProblem(struct: Struct, minor: number): string | undefined {
  const format = text(struct, "format");
  if (format === "") {
    const others =
      ["path", "label", "uuid"].some((field) => text(struct, field) !== "") ||
      isTrue(struct, "wipeFilesystem") ||
      hasItems(struct, "mountOptions") ||
      hasItems(struct, "options");
    if (!others) return undefined;
    return "format cannot be empty when path, label, uuid, wipeFilesystem, options, or mountOptions is specified";
  }
  if (format in labelLimits || (format === "none" && minor >= 3)) return undefined;
  return "invalid filesystem format";
}

function labelProblem(struct: Struct): string | undefined {
  const label = text(struct, "label");
  if (label === "") return undefined;
  const format = text(struct, "format");
  if (format === "") return "filesystem must specify format if label is specified";
  const limit = labelLimits[format];
  if (limit === undefined || byteLength(label) <= limit) return undefined;
  return `filesystem labels cannot be longer than ${limit} characters when using ${format}`;
}

const raid: Rule = (struct, path, find, minor) => {
  find.error(path, levelProblem(struct, minor), "level");
  find.error(path, hasItems(struct, "devices") ? undefined : "raid devices required", "devices");
};

const stripes = ["linear", "raid0", "0", "stripe"];
const levels = ["raid1", "1", "mirror", "raid4", "4", "raid5", "5", "raid6", "6", "raid10", "10"];

function levelProblem(struct: Struct, minor: number): string | undefined {
  const level = text(struct, "level");
  if (level === "" && minor >= 3) return "raid level is required";
  if (stripes.includes(level)) {
    const spares = findInteger(struct, "spares") ?? 0n;
    return spares === 0n ? undefined : "spares unsupported for linear and raid0 arrays";
  }
  return levels.includes(level) ? undefined : "unrecognized raid level";
}

const storage: Rule = (struct, path, find, minor) => {
  checkLinks(struct, path, find, minor);
  const disks = new Map(parts(struct, "disks").map((disk) => [text(disk, "device"), disk]));
  for (const [index, item] of parts(struct, "filesystems").entries()) {
    const disk = disks.get(text(item, "device"));
    if (disk === undefined) continue;
    const at = below(path, "filesystems", index, "device");
    if (hasItems(disk, "partitions")) find.warn(at, "filesystem overwrites partitioned device");
    else if (!isTrue(item, "wipeFilesystem") && isTrue(disk, "wipeTable")) {
      find.warn(at, "device matches disk with wipeTable enabled; filesystem will be wiped");
    }
  }
};

const luks: Rule = (struct, path, find, minor) => {
  const name = text(struct, "name");
  find.error(path, name.includes("/") ? "device names cannot contain slashes" : undefined, "name");
  const long = byteLength(text(struct, "label")) > 47;
  find.error(path, long ? "luks device labels cannot be longer than 47 characters" : undefined, "label");
  const device = text(struct, "device");
  find.error(path, device === "" ? "disk device is required" : pathProblem(device), "device");
  const clevis = part(struct, "clevis");
  const others =
    hasItems(clevis, "tang") || isTrue(clevis, "tpm2") || (findInteger(clevis, "threshold") ?? 0n) !== 0n;
  const custom = part(clevis, "custom");
  const hasCustom = minor < 3 ? clevis["custom"] !== undefined : text(custom, "pin") !== "";
  const mixed = hasCustom && others;
  find.error(
    path,
    mixed ? "cannot use custom clevis config with tpm2, tang, or threshold" : undefined,
    "clevis",
  );
  const keyFile = part(struct, "keyFile");
  const badKey = optionalUrlProblem(keyFile, "source", minor) !== undefined;
  find.error(path, badKey ? "invalid key-file source" : undefined, "keys");
  if (!isTrue(part(struct, "cex"), "enabled")) return;
  const withClevis = text(custom, "pin") !== "" || others;
  find.error(path, withClevis ? "cannot use cex with clevis" : undefined, "cex");
  find.error(path, text(keyFile, "source") === "" ? undefined : "cannot use key file with cex", "cex");
};

/** Rules about disks and what is on them. */
export const storageRules: Readonly<Record<string, Rule>> = {
  Directory: directory,
  File: file,
  Filesystem: filesystem,
  Link: (struct, path, find) => find.error(path, pathProblem(text(struct, "path")), "path"),
  Luks: luks,
  NodeGroup: owner,
  NodeUser: owner,
  Raid: raid,
  Storage: storage,
};
