import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Context } from "../core/context.ts";
import { systemErrorCode } from "../core/errors.ts";
import type { ListedFile, ObjectStore } from "../core/object-store.ts";
import { run } from "./exec.ts";
import { diskFull } from "./files.ts";
import { readLimited } from "./read-file.ts";

const limit = 2 ** 28;

/** Files below a folder. Temporary files are in its `tmp`, which no reader looks into. */
export function openFolderStore(context: Context, folder: string): ObjectStore {
  const path = (name: string): string => join(folder, name);
  return {
    name: folder,
    list: (prefix) => listBelow(folder, prefix),
    find: (name) => readLimited(path(name), limit),
    put: async (name, content) => {
      const temporary = path(`tmp/.${randomBytes(6).toString("hex")}.tmp`);
      try {
        await mkdir(dirname(temporary), { recursive: true });
        const file = await open(temporary, "wx", 0o644);
        try {
          if (content instanceof Uint8Array) await file.writeFile(content);
          else for await (const chunk of content) await file.writeFile(chunk);
        } finally {
          await file.close();
        }
        await mkdir(dirname(path(name)), { recursive: true });
        await rename(temporary, path(name));
      } catch (error) {
        await rm(temporary, { force: true });
        throw diskFull(error, path(name));
      }
    },
    remove: async (names) => {
      for (const name of names) await rm(path(name), { force: true });
    },
    removeUnfinished: async (before) => {
      for (const [name, { changedAt }] of await listBelow(folder, "tmp/.")) {
        if (name.endsWith(".tmp") && changedAt < before) await rm(path(name), { force: true });
      }
    },
    settle: async () => void (await run(context, ["sync", "-f", folder])),
  };
}

async function listBelow(folder: string, prefix: string): Promise<ReadonlyMap<string, ListedFile>> {
  const found = new Map<string, ListedFile>();
  // A prefix may end in the middle of a name.
  const start = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  const walk = async (name: string): Promise<void> => {
    const entries = await readdir(join(folder, name), { withFileTypes: true }).catch((error: unknown) => {
      if (systemErrorCode(error) === "ENOENT") return [];
      throw error;
    });
    for (const entry of entries) {
      const child = `${name}${entry.name}`;
      if (entry.isDirectory()) await walk(`${child}/`);
      else if (child.startsWith(prefix)) {
        const { size, mtimeMs } = await stat(join(folder, child));
        found.set(child, { size, changedAt: mtimeMs });
      }
    }
  };
  await walk(start);
  return found;
}
