/** The files that GRUB reads, rendered from OSTree's boot entries. */

/** The first entry of `/boot/loader/syslinux.cfg`: OSTree's default deployment. */
export interface BootEntry {
  readonly kernel: string;
  readonly initrd: string;
  readonly arguments: string;
}

/** Reads what OSTree's syslinux backend wrote; the default deployment comes first. */
export function parseBootEntries(text: string): readonly BootEntry[] {
  const blocks = text.split(/^LABEL /mu).slice(1);
  return blocks.map((block) => {
    const value = (key: string): string => {
      const found = new RegExp(`^\\s+${key} (.+)$`, "mu").exec(block)?.[1];
      if (found === undefined) throw new Error(`a boot entry of OSTree has no ${key}: ${block}`);
      return found;
    };
    return { kernel: value("KERNEL"), initrd: value("INITRD"), arguments: value("APPEND") };
  });
}

/** Fills the template `node/grub/grub.cfg` with the entry that the first boot takes. */
export function renderGrubConfig(template: string, entry: BootEntry): string {
  return template
    .replaceAll("@KERNEL@", () => entry.kernel)
    .replaceAll("@INITRD@", () => entry.initrd)
    .replaceAll("@ARGUMENTS@", () => entry.arguments);
}

/** GRUB's environment block: always 1024 bytes, because GRUB overwrites it in place. */
export function renderEnvironmentBlock(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return `# GRUB Environment Block\n${lines.join("")}`.padEnd(1024, "#");
}

/** What OSTree's syslinux backend keeps at the top of the file; that it is there chooses the backend. */
export const syslinuxHeader = "PROMPT 0\nTIMEOUT 1\n";
