/** What Butane's own rules say, in upstream's words. */
export const messages = {
  cexArchitecture: "when using cex the targeted architecture must match s390x",
  cexWithClevis: "cannot use cex with clevis",
  decimalMode: "unreasonable mode would be reasonable if specified in octal; remember to add a leading zero",
  linkEscapesFilesDir: "a symbolic link leads out of the files directory",
  escapesFilesDir: "local file path traverses outside the files directory",
  fileType: "trees may only contain files, directories, and symlinks",
  grubNameRequired: 'field "name" is required',
  grubPasswordRequired: 'field "password_hash" is required',
  layoutUnknown: "layout must be one of: aarch64, ppc64le, s390x-eckd, s390x-virt, s390x-zfcp, x86_64",
  layoutUnknownBefore6: "layout must be one of: aarch64, ppc64le, x86_64",
  luksDeviceName:
    "device name must start with /dev/dasd on s390x-eckd layout or /dev/sd on s390x-zfcp layout",
  luksDeviceRequired: "device is required for layouts: s390x-eckd, s390x-zfcp",
  luksNoMethod: "no method specified for luks",
  mirrorNotSupported: "mirroring not supported on layouts: s390x-eckd, s390x-zfcp, s390x-virt",
  mirrorTooFew: "mirroring requires at least two devices",
  mirrorWithoutLayout: "boot_device.layout should be specified when boot_device.mirror is specified",
  mountForbidden: "path must be under /etc or /var if with_mount_unit is true",
  mountNoFormat: "format is required if with_mount_unit is true",
  mountNoPath: "path is required if with_mount_unit is true and format is not swap",
  noFilesDir: "local file paths are relative to a files directory that must be specified with -d/--files-dir",
  nodeExists: "matching filesystem node has existing contents or different type",
  partitionNumber: "incorrect partition number; a new partition will be created using reserved label",
  quadletExtension:
    "unsupported file extension for quadlet: must be one of .container, .volume, .network, .kube, .image, .build, .pod, or .artifact",
  quadletInstanceContents: "template instances cannot have contents or contents_local",
  resourceSources: "only one of the following can be set: inline, local, source",
  reuseByLabel:
    "partitions cannot be reused by label; number must be specified except on boot disk (/dev/disk/by-id/coreos-boot-disk) or when wipe_table is true",
  rootConstrained:
    "root partition cannot expand; it is set to fill available space but is followed by an auto-positioned partition",
  rootTooSmall: "root should have 8GiB of space assigned",
  treeNoLocal: "local is required",
  treeNotDirectory: "root of tree must be a directory",
  unitSources: "only one of the following can be set: contents, contents_local",
  unknownIgnitionVersion:
    "skipping validation for the merge/replace ignition config due to an unkown version",
} as const;
