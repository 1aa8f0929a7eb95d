import { join } from "node:path";
import { readText, writeAtomic } from "../host/files.ts";
import { packageFolder } from "../host/package-files.ts";
import { type Layout, renderPartitionScript } from "./layout.ts";
import type { RunTool } from "./tools.ts";

/** 1980-01-01: the earliest time that FAT can write, and not 0, which mke2fs takes for "now". */
export const epoch = "315532800";
const mib = 2 ** 20;

/** GRUB's modules for what node/grub does; nothing is loaded from the disk later. */
const grubModules =
  "part_gpt fat ext2 search search_label normal configfile linux loadenv syslinuxcfg smbios test echo true minicmd reboot halt";

/** The file system can grow to 16 TiB without moving its group descriptors. */
const growBlocks = 2 ** 32 - 1;

/**
 * Writes `work`/disk.img from `work`/sysroot: partition table, EFI system partition, root file system with the paths in this
 * order. Same tree, same bytes.
 */
export async function writeImage(
  runTool: RunTool,
  work: string,
  layout: Layout,
  order: readonly string[],
): Promise<void> {
  const options = { binds: [{ source: work, target: "/work" }], env: { SOURCE_DATE_EPOCH: epoch } };
  await runTool(["truncate", `--size=${layout.sizeBytes}`, "/work/disk.img"], options);
  await runTool(["sfdisk", "--quiet", "/work/disk.img"], {
    ...options,
    input: renderPartitionScript(layout),
  });
  await writeEsp(runTool, work, layout, options);
  await writeRoot(runTool, work, layout, order, options);
}

type Options = Parameters<RunTool>[1];

async function writeEsp(runTool: RunTool, work: string, layout: Layout, options: Options): Promise<void> {
  const { esp } = layout;
  const embedded = await readText(join(packageFolder, "node/grub/embedded.cfg"));
  // GRUB's parser for what lies inside its program knows no comments, and complains of each on the console.
  await writeAtomic(join(work, "embedded.cfg"), embedded.replaceAll(/^#.*\n/gmu, ""));
  await runTool(
    [
      "grub-mkimage",
      "--format=x86_64-efi",
      "--prefix=/boot/grub",
      "--config=/work/embedded.cfg",
      "--output=/work/BOOTX64.EFI",
      ...grubModules.split(" "),
    ],
    options,
  );
  await runTool(["touch", `--date=@${epoch}`, "/work/BOOTX64.EFI"], options);
  await runTool(["truncate", `--size=${esp.size}`, "/work/esp.img"], options);
  await runTool(
    ["mkfs.vfat", "--invariant", "-F", "32", "-n", "ESP", "-i", esp.volumeId, "/work/esp.img"],
    options,
  );
  await runTool(["mmd", "-i", "/work/esp.img", "::/EFI", "::/EFI/BOOT"], options);
  await runTool(
    ["mcopy", "-m", "-i", "/work/esp.img", "/work/BOOTX64.EFI", "::/EFI/BOOT/BOOTX64.EFI"],
    options,
  );
  const place = [`bs=${mib}`, `seek=${esp.offset / mib}`, "conv=notrunc,sparse", "status=none"];
  await runTool(["dd", "if=/work/esp.img", "of=/work/disk.img", ...place], options);
}

/**
 * The root file system is filled from a tar stream in an order of ours, not from the folder: mke2fs lays files out in the
 * order that it finds them. What would move them with the size of the file system (journal, room to grow) is fixed.
 */
async function writeRoot(
  runTool: RunTool,
  work: string,
  { root }: Layout,
  order: readonly string[],
  options: Options,
): Promise<void> {
  await writeAtomic(join(work, "order"), order.map((path) => `./${path}\0`).join(""));
  const tar = [
    "tar --create --directory=/work/sysroot --no-recursion --null --verbatim-files-from --files-from=/work/order",
    "--numeric-owner --mtime=@0 --format=pax",
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
    "--xattrs --xattrs-include=security.capability",
  ].join(" ");
  const extended = [
    `hash_seed=${root.hashSeed}`,
    `offset=${root.offset}`,
    `resize=${growBlocks}`,
    "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
  ].join(",");
  const mke2fs = `mke2fs -q -F -t ext4 -b 4096 -i 32768 -J size=64,location=1 -L root -U ${root.filesystemId} -E ${extended} -d - /work/disk.img ${root.size / 1024}k`;
  const script = `rm -f /work/tar-failed; { ${tar} || : > /work/tar-failed; } | ${mke2fs}; test ! -e /work/tar-failed`;
  await runTool(["sh", "-euc", script], options);
}

/** Every path of `work`/sysroot, relative to it. */
export async function listSysroot(runTool: RunTool, work: string): Promise<readonly string[]> {
  const binds = [{ source: work, target: "/work", readOnly: true }];
  const listed = await runTool(["find", "/work/sysroot", "-printf", "%P\\0"], { binds });
  return listed.split("\0").slice(0, -1);
}

/** How many bytes the files of `work`/sysroot need on the root file system, counted alike on every machine. */
export async function measureSysroot(runTool: RunTool, work: string): Promise<number> {
  // One line per inode: hard links count once, whole blocks, and a quarter of a block for inode and directory entry.
  const script =
    "cd /work/sysroot; find . -printf '%i %s\\n' | sort -u | awk '{ bytes += int(($2 + 4095) / 4096) * 4096 + 1024 } END { printf \"%d\", bytes }'";
  const binds = [{ source: work, target: "/work", readOnly: true }];
  return Number(await runTool(["sh", "-euc", script], { binds }));
}
