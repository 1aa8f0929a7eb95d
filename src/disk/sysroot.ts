import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { readText, writeAtomic } from "../host/files.ts";
import { packageFolder } from "../host/package-files.ts";
import { parseBootEntries, renderEnvironmentBlock, renderGrubConfig, syslinuxHeader } from "./boot-files.ts";
import type { RunTool } from "./tools.ts";

export interface SysrootInput {
  /** The repo that has the commits. */
  readonly repo: string;
  readonly hostCommit: string;
  /** Deployed beside the host commit, as the one to go back to. */
  readonly predecessor?: string;
  readonly kernelArguments: readonly string[];
  /** Whether the host commit has SELinux labels; the files of the sysroot are made without, and get them in the image. */
  readonly isLabelled?: boolean | undefined;
}

/** Name of the stateroot: whose `/var` it is. */
export const stateroot = "igneous";

/** Found by label, so that the same arguments are right whatever the disk is called; both consoles, the serial one as main; a panic ends in a reboot. */
export const ownArguments: readonly string[] = [
  "root=LABEL=root",
  "rw",
  "console=tty0",
  "console=ttyS0",
  "panic=30",
];

/**
 * Makes an OSTree sysroot in the empty folder `work`/sysroot: the host commit as the default deployment, the predecessor
 * as rollback deployment, GRUB's files, and the marker of a first boot. Owners are right as seen by the tools.
 */
export async function makeSysroot(
  context: Context,
  runTool: RunTool,
  work: string,
  input: SysrootInput,
): Promise<void> {
  const isLabelled = input.isLabelled === true;
  const binds = [
    { source: work, target: "/work" },
    { source: input.repo, target: "/repo", readOnly: true },
    // Bubblewrap, in which OSTree runs the policy's programs, wants to show it to them.
    ...(isLabelled ? [{ source: "/sys", target: "/sys", readOnly: true }] : []),
  ];
  // The immutable bit cannot be set by a plain user, and mke2fs would not copy it.
  const env = { OSTREE_SYSROOT_DEBUG: `mutable-deployments${isLabelled ? ",no-xattrs" : ""}` };
  const ostree = (...argv: readonly string[]): Promise<string> =>
    runTool(["ostree", ...argv], { binds, env });
  const sysroot = join(work, "sysroot");
  await runTool(["mkdir", "/work/sysroot"], { binds });
  await ostree("admin", "init-fs", "--modern", "/work/sysroot");
  await ostree("admin", "os-init", stateroot, "--sysroot=/work/sysroot");
  const attributes = ["config", "--repo=/work/sysroot/ostree/repo"];
  // A plain user can give no file a label.
  if (isLabelled) await ostree(...attributes, "set", "core.disable-xattrs", "true");
  await runTool(["rm", "-rf", "/work/sysroot/boot/loader"], { binds });
  await writeAtomic(join(sysroot, "boot/loader.0/syslinux.cfg"), syslinuxHeader);
  await writeAtomic(join(sysroot, "boot/grub/grubenv"), renderEnvironmentBlock({ tries: "", fell_back: "" }));
  await runTool(["mkdir", "/work/sysroot/boot/syslinux"], { binds });
  await runTool(["ln", "-s", "loader.0", "/work/sysroot/boot/loader"], { binds });
  await runTool(["ln", "-s", "../loader/syslinux.cfg", "/work/sysroot/boot/syslinux/syslinux.cfg"], {
    binds,
  });
  const kernelArguments = [...ownArguments, ...input.kernelArguments].map((word) => `--karg-append=${word}`);
  const commits = [input.predecessor, input.hostCommit].filter((commit) => commit !== undefined);
  for (const commit of commits) {
    // Untrusted: every object is checked, and copied; hard links would bring owners along that do not exist here.
    const pull = ["pull-local", "--untrusted", "--disable-fsync", "--repo=/work/sysroot/ostree/repo"];
    await ostree(...pull, "/repo", commit);
    const where = ["--sysroot=/work/sysroot", `--os=${stateroot}`];
    await ostree("admin", "deploy", ...where, "--karg-none", ...kernelArguments, commit);
  }
  if (isLabelled) await ostree(...attributes, "unset", "core.disable-xattrs");
  await writeGrubConfig(sysroot);
  await writeAtomic(join(sysroot, "boot/ignition.firstboot"), "");
  // Left by the programs, different each time.
  await runTool(["sh", "-euc", "cd /work/sysroot/ostree/repo; rm -rf .lock tmp/* tmp/.??*"], { binds });
  context.signal.throwIfAborted();
}

async function writeGrubConfig(sysroot: string): Promise<void> {
  const template = await readText(join(packageFolder, "node/grub/grub.cfg"));
  const [entry] = parseBootEntries(await readText(join(sysroot, "boot/loader/syslinux.cfg")));
  if (entry === undefined) throw new Error("OSTree wrote no boot entry");
  await writeAtomic(join(sysroot, "boot/grub/grub.cfg"), renderGrubConfig(template, entry));
}
