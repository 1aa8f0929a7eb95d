import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";

/** Debian package of each program that igneous runs. */
const packages: Readonly<Record<string, string>> = {
  "apt-get": "apt",
  busybox: "busybox-static",
  bwrap: "bubblewrap",
  crun: "crun",
  "fsck.ext4": "e2fsprogs",
  "fsck.fat": "dosfstools",
  gpgv: "gpgv",
  "grub-editenv": "grub-common",
  "grub-script-check": "grub-common",
  "ignition-validate": "ignition",
  mdir: "mtools",
  mmdebstrap: "mmdebstrap",
  newuidmap: "uidmap",
  openssl: "openssl",
  ostree: "ostree",
  packer: "packer",
  "qemu-img": "qemu-utils",
  "qemu-system-x86_64": "qemu-system-x86",
  sfdisk: "fdisk",
  sgdisk: "gdisk",
  socat: "socat",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  unshare: "util-linux",
  zstd: "zstd",
};

/** The path of a program on PATH (and in the sbin folders that a plain user's PATH lacks), or undefined. */
export function findTool(context: Context, name: string): string | undefined {
  const folders = [...(context.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** The path of a program; when it is not there, an error that says which package has it. */
export function needTool(context: Context, name: string): string {
  const path = findTool(context, name);
  if (path === undefined) throw missingTool(name);
  return path;
}

export function missingTool(name: string): IgneousError {
  const debianPackage = packages[name];
  return new IgneousError("tool-missing", `the program '${name}' is not installed`, {
    hint: debianPackage === undefined ? `install '${name}'` : `run: apt-get install ${debianPackage}`,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
