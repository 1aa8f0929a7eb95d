import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parseBootEntries, renderEnvironmentBlock, renderGrubConfig } from "../../src/disk/boot-files.ts";
import { run } from "../../src/host/exec.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

/** As OSTree 2025.2 writes it. */
const syslinux = `PROMPT 0
TIMEOUT 1

DEFAULT Debian GNU/Linux 13 (trixie) (ostree:0)
LABEL Debian GNU/Linux 13 (trixie) (ostree:0)
\tKERNEL /boot/ostree/igneous-ff/vmlinuz-6.12
\tINITRD /boot/ostree/igneous-ff/initramfs-6.12.img
\tAPPEND root=LABEL=root rw console=ttyS0 ostree=/ostree/boot.0/igneous/ff/0
LABEL Debian GNU/Linux 13 (trixie) (ostree:1)
\tKERNEL /boot/ostree/igneous-aa/vmlinuz-6.11
\tINITRD /boot/ostree/igneous-aa/initramfs-6.11.img
\tAPPEND root=LABEL=root rw ostree=/ostree/boot.0/igneous/aa/0
`;

describe("boot files", () => {
  it("OSTree's entries are read in boot order", () => {
    expect(parseBootEntries(syslinux)).toEqual([
      {
        kernel: "/boot/ostree/igneous-ff/vmlinuz-6.12",
        initrd: "/boot/ostree/igneous-ff/initramfs-6.12.img",
        arguments: "root=LABEL=root rw console=ttyS0 ostree=/ostree/boot.0/igneous/ff/0",
      },
      {
        kernel: "/boot/ostree/igneous-aa/vmlinuz-6.11",
        initrd: "/boot/ostree/igneous-aa/initramfs-6.11.img",
        arguments: "root=LABEL=root rw ostree=/ostree/boot.0/igneous/aa/0",
      },
    ]);
  });

  it("GRUB's own checker accepts both configurations, and the first boot is the default deployment with Ignition", async () => {
    const folder = await temporaryFolder();
    const [entry] = parseBootEntries(syslinux);
    if (entry === undefined) throw new Error("no entry");
    const config = renderGrubConfig(await readFile("node/grub/grub.cfg", "utf8"), entry);
    expect(config).toContain(
      `linux ${entry.kernel} ${entry.arguments} ignition.firstboot ignition.platform.id=$platform\n`,
    );
    expect(config).not.toMatch(/@[A-Z]+@/u);
    await writeFile(join(folder, "grub.cfg"), config);
    await run(testContext(), [requireTool("grub-script-check"), join(folder, "grub.cfg")]);
    await run(testContext(), [requireTool("grub-script-check"), "node/grub/embedded.cfg"]);
  });

  it("GRUB's own editor reads the environment block", async () => {
    const block = renderEnvironmentBlock({ tries: "3", fell_back: "" });
    expect(Buffer.byteLength(block)).toBe(1024);
    const file = join(await temporaryFolder(), "grubenv");
    await writeFile(file, block);
    const { stdout } = await run(testContext(), [requireTool("grub-editenv"), file, "list"]);
    expect(stdout).toBe("tries=3\nfell_back=\n");
  });
});
