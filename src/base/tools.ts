import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { digestHex, digestOf, type Sha256Hex } from "../core/digest.ts";
import { runStep } from "../core/step.ts";
import { type Argv, run, type Started, start } from "../host/exec.ts";
import { sizeOf } from "../host/files.ts";
import { ensureFolder, listFiles, makeFolder, movePath, removeTree } from "../host/folders.ts";
import { checkNamespaces, namespaceArgv } from "../host/namespace.ts";
import { packageFolder } from "../host/package-files.ts";
import { withProcessLock } from "../host/process-lock.ts";
import { withRoom } from "../host/room.ts";
import { needTool } from "../host/tools.ts";
import { debPath, fetchDebs } from "./debs.ts";
import type { LockedBase } from "./locked.ts";
import { unpackedBytes } from "./room.ts";

/** A folder with the programs of the lock, which run the same on every machine. */
export interface ToolsRoot {
  readonly folder: string;
  /** Digest of the packages in it. */
  readonly digest: Sha256Hex;
}

export interface Bind {
  /** Absolute path of a file or folder of this machine. */
  readonly source: string;
  /** Where the program sees it. */
  readonly target: string;
  readonly readOnly?: boolean;
}

interface ToolOptions {
  readonly binds?: readonly Bind[];
  /** The whole environment, besides PATH, HOME, LC_ALL, TZ and SOURCE_DATE_EPOCH=0. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onStderr?: (text: string) => void;
}

/** Raised when what is unpacked changes though the packages do not. */
const layout = 1;
const waitMs = 600_000;
const scripts = join(packageFolder, "node", "compose");

/** Unpacks the tools of a lock into the cache, once. */
export async function openToolsRoot(
  context: Context,
  locked: LockedBase,
  mirror?: string,
): Promise<ToolsRoot> {
  await checkNamespaces(context);
  const names = locked.tools.map(({ sha256 }) => sha256).sort();
  const digest = digestHex(digestOf(`${layout}\n${names.join("\n")}`));
  const parent = join(context.cacheDir, "tools");
  const root: ToolsRoot = { folder: join(parent, digest.slice(0, 16)), digest };
  if ((await sizeOf(root.folder)) !== undefined) return root;
  await fetchDebs(context, locked.tools, mirror);
  await runStep(context, "unpack tools", "unpack the tools of the lock", () =>
    withProcessLock(context, join(parent, "lock"), waitMs, async () => {
      if ((await sizeOf(root.folder)) !== undefined)
        return { value: undefined, outcome: "unchanged" as const };
      await removeStale(parent);
      const temporary = await makeFolder(parent, ".new-");
      const demand = { folder: parent, bytes: unpackedBytes(locked.tools), what: "unpacking the tools" };
      await withRoom([demand], () => unpack(context, locked, temporary));
      await movePath(temporary, root.folder);
      return { value: undefined, note: `${locked.tools.length} packages` };
    }),
  );
  return root;
}

async function unpack(context: Context, locked: LockedBase, folder: string): Promise<void> {
  for (const tool of ["dpkg-deb", "tar"]) needTool(context, tool);
  await ensureFolder(folder);
  // base-files has to be the first.
  const order = [...locked.tools].sort(
    (a, b) => Number(b.name === "base-files") - Number(a.name === "base-files") || (a.name < b.name ? -1 : 1),
  );
  const input = order.map((item) => `${debPath(context, item)}\n`).join("");
  await run(context, ["sh", join(scripts, "extract-tools.sh"), folder], { input });
}

/** What a run that was killed left behind; the caller holds the lock. */
async function removeStale(parent: string): Promise<void> {
  for (const name of await listFiles(parent)) {
    if (name.startsWith(".new-")) await removeTree(join(parent, name));
  }
}

/**
 * Starts a program of the tools root as (mapped) root, with nothing of this machine but the binds: no network, and only
 * device nodes such as /dev/null. Files that it makes for root belong to the user. Streams; see {@link runInTools}.
 */
export function startInTools(
  context: Context,
  tools: ToolsRoot,
  argv: Argv,
  options: ToolOptions = {},
): Started {
  const binds = (options.binds ?? []).flatMap(({ source, target, readOnly }) => [
    readOnly === true ? "ro" : "rw",
    source,
    target,
  ]);
  const variables = {
    PATH: "/usr/sbin:/usr/bin",
    HOME: "/root",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    SOURCE_DATE_EPOCH: "0",
    ...options.env,
  };
  const clean = ["env", "-i", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
  const enter = ["sh", join(scripts, "enter.sh"), tools.folder, ...binds, "--", ...clean];
  return start(context, [...namespaceArgv(), ...enter, ...argv], {
    cwd: "/",
    shownAs: argv,
    ...(options.onStderr === undefined ? {} : { onStderr: options.onStderr }),
  });
}

/** Runs a program of the tools root to its end and returns what it printed. */
export async function runInTools(
  context: Context,
  tools: ToolsRoot,
  argv: Argv,
  options: ToolOptions & { readonly input?: string } = {},
): Promise<string> {
  const started = startInTools(context, tools, argv, options);
  started.stdin.end(options.input ?? "");
  const chunks: Buffer[] = [];
  for await (const chunk of started.stdout) chunks.push(chunk as Buffer);
  await started.done;
  return Buffer.concat(chunks).toString("utf8");
}
