import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";

/**
 * Gives `body` a new file system of its own. On one where many files were just removed, ext4 looks at each removed inode
 * before it takes a new one, so that whoever comes later is measured as slower than who came first.
 */
export async function withNewDisk<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const image = `${folder}.img`;
  mkdirSync(folder, { recursive: true });
  execFileSync("truncate", ["-s", "24G", image]);
  execFileSync("mkfs.ext4", ["-q", "-F", image]);
  execFileSync("mount", ["-o", "loop", image, folder]);
  try {
    return await body();
  } finally {
    // podman leaves mounts of its own below.
    execFileSync("umount", ["-R", folder]);
    rmSync(image);
  }
}
