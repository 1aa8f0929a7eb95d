import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { run } from "../host/exec.ts";
import { findText } from "../host/files.ts";
import { makeFolder } from "../host/object-files.ts";
import type { ObjectChecksum, ObjectKind } from "./object.ts";

export type RepoMode = "archive" | "bare" | "bare-user";

export interface Repo {
  readonly path: string;
  readonly mode: RepoMode;
  /** Whether new objects are forced to the disk before a ref names them (`core.fsync`, on unless switched off). */
  readonly fsync: boolean;
}

interface OpenOptions {
  /** Mode of a repo that has to be created; an existing one keeps its own. */
  readonly mode?: RepoMode;
  /** False for a repo that nobody will miss after a power cut: what is written is not waited for. */
  readonly fsync?: boolean;
}

/** Opens an OSTree repo, creating it (mode archive, content stored uncompressed) when there is none. */
export async function openRepo(context: Context, path: string, options: OpenOptions = {}): Promise<Repo> {
  const configPath = join(path, "config");
  let config = await findText(configPath);
  if (config === undefined) {
    await createRepo(context, path, options);
    config = (await findText(configPath)) ?? "";
  }
  const core = section(config, "core");
  const written = core.get("mode") ?? "bare";
  const mode = written === "archive-z2" ? "archive" : written;
  if (mode !== "archive" && mode !== "bare" && mode !== "bare-user") {
    throw new IgneousError("repo-unusable", `the repo ${path} has mode ${mode}, which cannot hold owners`, {
      hint: `make another one: ostree init --repo=${path}.new --mode=archive`,
    });
  }
  return { path, mode, fsync: core.get("fsync") !== "false" };
}

async function createRepo(
  context: Context,
  path: string,
  { mode = "archive", fsync = true }: OpenOptions,
): Promise<void> {
  const set = (key: string, value: string): Promise<unknown> =>
    run(context, ["ostree", "config", `--repo=${path}`, "set", key, value]);
  makeFolder(path);
  await run(context, ["ostree", "init", `--repo=${path}`, `--mode=${mode}`]);
  // The bytes are copied out of this repo far more often than they are kept: compressing them costs more than it saves.
  if (mode === "archive") await set("archive.zlib-level", "0");
  if (!fsync) await set("core.fsync", "false");
}

function section(config: string, name: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let current = "";
  for (const line of config.split("\n")) {
    const header = /^\[(.*)\]\s*$/u.exec(line);
    const pair = /^([^=#]+)=(.*)$/u.exec(line);
    if (header !== null) current = header[1] ?? "";
    else if (pair !== null && current === name) values.set((pair[1] ?? "").trim(), (pair[2] ?? "").trim());
  }
  return values;
}

/** Where an object lies. Content objects have another suffix in archive repos. */
export function objectPath(repo: Repo, kind: ObjectKind, checksum: ObjectChecksum): string {
  const suffix = kind === "file" && repo.mode === "archive" ? "filez" : kind;
  return `${repo.path}/objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${suffix}`;
}
