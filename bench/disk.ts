import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { totalmem } from "node:os";

/**
 * Gives `body` a new file system of its own. On one where many files were just removed, ext4 looks at each removed inode
 * before it takes a new one, so that whoever comes later is measured as slower than who came first.
 */
export async function withNewDisk<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const image = `${folder}.img`;
  mkdirSync(folder, { recursive: true });
  execFileSync("truncate", ["-s", "24G", image]);
  // Else the kernel goes on to make it while the first program is measured.
  const whole = ["-E", "lazy_itable_init=0,lazy_journal_init=0"];
  execFileSync("mkfs.ext4", ["-q", "-F", ...whole, image]);
  execFileSync("mount", ["-o", "loop", image, folder]);
  try {
    return await body();
  } finally {
    // podman leaves mounts of its own below.
    execFileSync("umount", ["-R", folder]);
    rmSync(image);
  }
}

/**
 * Makes a machine as it is after days of work: nothing waits to be written, and memory is full of files that may be dropped. A virtual
 * machine that has just freed its memory gave it back to its host, and takes up to 1.5 s for each GB to have it again.
 */
export function settle(scratch: string): void {
  execFileSync("sync");
  execFileSync("truncate", ["-s", String(Math.floor(totalmem() * 0.87)), scratch]);
  execFileSync("sh", ["-c", 'cat "$1" >/dev/null', "sh", scratch]);
}
