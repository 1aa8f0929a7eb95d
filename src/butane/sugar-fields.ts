/** Fields that Butane adds and that have no counterpart of the same name in Ignition. */
export const sugarFields: ReadonlySet<string> = new Set([
  "Config.boot_device",
  "Config.grub",
  "Config.variant",
  "Config.version",
  "Dropin.contents_local",
  "FileContents.inline",
  "Filesystem.with_mount_unit",
  "PasswdUser.ssh_authorized_keys_local",
  "Resource.inline",
  "Resource.local",
  "Storage.trees",
  "Systemd.quadlets",
  "Unit.contents_local",
]);
