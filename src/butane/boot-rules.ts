import {
  findInteger,
  findString,
  isTrue,
  list,
  part,
  parts,
  type Path,
  type Struct,
  text,
} from "../ignition/value.ts";
import type { Findings } from "../ignition/problem.ts";
import { messages } from "./messages.ts";
import type { SourceRule } from "./source-rules.ts";

const bootDisk = "/dev/disk/by-id/coreos-boot-disk";

/** Rules about the whole config came with 1.6. */
const config: SourceRule = (struct, path, find, { minor }) => {
  if (minor < 6) return;
  const storage = part(struct, "storage");
  const mirrored = new Set(list(part(part(struct, "boot_device"), "mirror"), "devices"));
  for (const [index, disk] of parts(storage, "disks").entries()) {
    const device = text(disk, "device");
    if (device === bootDisk || isTrue(disk, "wipe_table") || mirrored.has(device)) continue;
    for (const [position, partition] of parts(disk, "partitions").entries()) {
      const byLabel = (findInteger(partition, "number") ?? 0n) === 0n && partition["label"] !== undefined;
      const at = [...path, "storage", "disks", index, "partitions", position, "number"];
      find.warn(at, byLabel ? messages.reuseByLabel : undefined);
    }
  }
  for (const [index, filesystem] of parts(storage, "filesystems").entries()) {
    const mount = findString(filesystem, "path");
    if (mount === undefined || /^\/(?:etc|var)(?:\/|$)/u.test(mount)) continue;
    const forbidden = isTrue(filesystem, "with_mount_unit") ? messages.mountForbidden : undefined;
    find.error([...path, "storage", "filesystems", index, "path"], forbidden);
  }
};

const commonLayouts = ["aarch64", "ppc64le", "x86_64"];

/** Name of the device that each s390x layout wants; `s390x-virt` wants none. */
const deviceNames: Readonly<Record<string, RegExp | undefined>> = {
  "s390x-eckd": /\/dev\/dasd[a-z]$/u,
  "s390x-virt": undefined,
  "s390x-zfcp": /\/dev\/sd[a-z]$/u,
};

const bootDevice: SourceRule = (struct, path, find, { minor }) => {
  const layout = findString(struct, "layout");
  const mirror = part(struct, "mirror");
  const mirrors = list(mirror, "devices").length;
  if (mirrors > 0 && layout === undefined) {
    const say = minor >= 7 ? find.error : find.warn;
    say([...path, "mirror"], messages.mirrorWithoutLayout);
  }
  if (layout !== undefined) checkLayout(layout, struct, path, find, minor);
  if (layout?.startsWith("s390x") === true && mirrors > 0 && minor >= 6) {
    find.error([...path, "layout"], messages.mirrorNotSupported);
  }
  checkCex(layout, part(struct, "luks"), path, find);
  // Upstream asks the mirror twice: here, and again when its turn comes.
  find.error([...path, "mirror", "devices"], mirrors === 1 ? messages.mirrorTooFew : undefined);
};

function checkLayout(layout: string, struct: Struct, path: Path, find: Findings, minor: number): void {
  if (commonLayouts.includes(layout)) return;
  if (minor < 6) {
    find.error([...path, "layout"], messages.layoutUnknownBefore6);
  } else if (!(layout in deviceNames)) {
    find.error([...path, "layout"], messages.layoutUnknown);
  } else {
    const wanted = deviceNames[layout];
    const device = text(part(struct, "luks"), "device");
    if (wanted === undefined) return;
    const problem =
      device === "" ? messages.luksDeviceRequired : wanted.test(device) ? undefined : messages.luksDeviceName;
    find.error([...path, "layout"], problem);
  }
}

function checkCex(layout: string | undefined, luks: Struct, path: Path, find: Findings): void {
  if (!isTrue(part(luks, "cex"), "enabled")) return;
  if (layout === undefined) find.error([...path, "luks", "cex"], messages.cexArchitecture);
  else if (!layout.startsWith("s390x")) find.error([...path, "layout"], messages.cexArchitecture);
  const clevis = list(luks, "tang").length > 0 || isTrue(luks, "tpm2");
  find.error([...path, "luks"], clevis ? messages.cexWithClevis : undefined);
}

const bootDeviceLuks: SourceRule = (struct, path, find, { minor }) => {
  if (minor < 7 || text(struct, "device") === "") return;
  // An empty text that is written down counts: upstream compares with a struct in which nothing is set.
  const tang = parts(struct, "tang").some(
    (item) =>
      text(item, "url") !== "" || item["thumbprint"] !== undefined || item["advertisement"] !== undefined,
  );
  const method = tang || isTrue(struct, "tpm2") || isTrue(part(struct, "cex"), "enabled");
  // `luks` below `luks`: upstream's path does not exist, so the place shown is the section itself.
  find.error([...path, "luks"], method ? undefined : messages.luksNoMethod);
};

const bootDeviceMirror: SourceRule = (struct, path, find) => {
  const tooFew = list(struct, "devices").length === 1;
  find.error([...path, "devices"], tooFew ? messages.mirrorTooFew : undefined);
};

const grubUser: SourceRule = (struct, path, find) => {
  find.error([...path, "name"], text(struct, "name") === "" ? messages.grubNameRequired : undefined);
  const missing = text(struct, "password_hash") === "";
  find.error([...path, "password_hash"], missing ? messages.grubPasswordRequired : undefined);
};

/** Rules about how the machine starts. */
export const bootRules: Readonly<Record<string, SourceRule>> = {
  BootDevice: bootDevice,
  BootDeviceLuks: bootDeviceLuks,
  BootDeviceMirror: bootDeviceMirror,
  Config: config,
  GrubUser: grubUser,
};
