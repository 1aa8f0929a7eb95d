import { execFile } from "node:child_process";
import { chown, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { existsSync, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { planTree } from "../../src/ignition/apply.ts";
import type { BaseNode, BaseTree } from "../../src/ignition/base-tree.ts";
import type { IgnitionConfig } from "../../src/ignition/config.ts";
import { temporaryFolder } from "../tools.ts";

/** Debian's Ignition lies where dracut takes it from. */
const program = "/usr/lib/dracut/modules.d/30ignition/ignition";

beforeAll(() => {
  if (!existsSync(program)) throw new Error("the real Ignition is not here: apt-get install ignition");
  if (process.getuid?.() !== 0)
    throw new Error("owners need root: unshare --map-auto --map-root-user npx vitest …");
});

/** A root before anything is applied to it. */
async function makeRoot(): Promise<string> {
  const root = join(await temporaryFolder(), "root");
  await mkdir(join(root, "etc/dir/below"), { recursive: true });
  await mkdir(join(root, "usr/share"), { recursive: true });
  await mkdir(join(root, "run"));
  await writeFile(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/bash\nsync:x:4:65534::/bin:/bin/sync\n",
  );
  await writeFile(join(root, "etc/group"), "root:x:0:\nadm:x:4:\n");
  await writeFile(join(root, "etc/hosts"), "127.0.0.1 localhost\n", { mode: 0o600 });
  await chown(join(root, "etc/hosts"), 1, 2);
  await symlink("hosts", join(root, "etc/link"));
  await chown(join(root, "etc/dir"), 3, 4);
  return root;
}

/** A root as the base of a plan: what lies in /usr/etc of an image is its /etc. */
function baseOf(root: string): BaseTree {
  const find = (path: string): BaseNode | undefined => {
    const at = join(root, path.replace(/^\/usr\/etc\//u, "/etc/"));
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    const { mode, uid, gid } = found;
    if (found.isSymbolicLink()) return { kind: "symlink", target: readlinkSync(at), uid, gid };
    if (found.isDirectory()) return { kind: "directory", mode, uid, gid };
    return { kind: "file", mode, uid, gid, read: () => readFileSync(at) };
  };
  return { find };
}

async function listRoot(root: string): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  for (const name of await readdir(root, { recursive: true })) {
    const at = join(root, name);
    const { mode, uid, gid } = await lstat(at);
    const kind = mode >> 12;
    const what = kind === 0o12 ? await readlink(at) : kind === 0o10 ? await readFile(at, "utf8") : "";
    const shownMode = kind === 0o12 ? "" : (mode & 0o7777).toString(8);
    lines.set(`/${name}`, JSON.stringify([kind.toString(8), shownMode, uid, gid, what]));
  }
  return lines;
}

/** What the plan makes of a listing. */
function applyPlan(before: ReadonlyMap<string, string>, root: string, config: IgnitionConfig) {
  const { removed, nodes, refused } = planTree(config, baseOf(root));
  const inRoot = (path: string): string => path.replace(/^\/usr\/etc\//u, "/etc/");
  const after = new Map(before);
  for (const gone of removed.map(inRoot)) {
    for (const path of before.keys()) if (path === gone || path.startsWith(`${gone}/`)) after.delete(path);
  }
  for (const node of nodes) {
    const { path, uid, gid } = node;
    const parts = inRoot(path).split("/");
    for (let k = 2; k < parts.length; k++) {
      const parent = parts.slice(0, k).join("/");
      if (!after.has(parent)) after.set(parent, JSON.stringify(["4", "755", 0, 0, ""]));
    }
    const kind = { file: "10", directory: "4", symlink: "12" }[node.kind];
    const what = node.kind === "file" ? String(node.contents) : node.kind === "symlink" ? node.target : "";
    const mode = node.kind === "symlink" ? "" : node.mode.toString(8);
    after.set(inRoot(path), JSON.stringify([kind, mode, uid, gid, what]));
  }
  return { after, refused };
}

/** Runs the files stage of the real Ignition on a root, and returns what it says. */
async function runFilesStage(root: string, config: IgnitionConfig): Promise<string> {
  const folder = join(root, "..");
  await writeFile(join(folder, "config.ign"), JSON.stringify(config));
  const argv = ["--platform=file", `--root=${root}`, `--config-cache=${join(folder, "cache.json")}`];
  const state = [`--state-file=${join(folder, "state")}`, `--neednet=${join(folder, "neednet")}`];
  const env = { ...process.env, IGNITION_CONFIG_FILE: join(folder, "config.ign") };
  const run = async (stage: string): Promise<string> => {
    const done = promisify(execFile)(program, [...argv, ...state, "--log-to-stdout", `--stage=${stage}`], {
      env,
    });
    return done.then(
      ({ stdout }) => stdout,
      (error: { readonly stdout: string }) => error.stdout,
    );
  };
  expect(await run("fetch")).toContain("finished successfully");
  return run("files");
}

async function runIgnition(root: string, config: IgnitionConfig): Promise<"done" | "refused"> {
  const out = await runFilesStage(root, config);
  // Its last step labels for SELinux, which this root has nothing for.
  return /finished successfully|failed to handle relabeling/u.test(out) ? "done" : "refused";
}

const contents = { source: "data:,x" };
const append = [{ source: "data:,::1" }, { source: "data:;base64,IGxvY2FsaG9zdAo=" }];
const packed = { source: "data:;base64,H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==", compression: "gzip" };

const cases: readonly (readonly [string, IgnitionConfig["storage"] & object])[] = [
  ["new files", { files: [{ path: "/etc/a", contents, mode: 0o600 }, { path: "/usr/share/x/y/b" }] }],
  ["packed contents", { files: [{ path: "/etc/a", contents: packed }] }],
  ["a file that is there", { files: [{ path: "/etc/hosts", contents }] }],
  ["a file that is there, overwritten", { files: [{ path: "/etc/hosts", contents, overwrite: true }] }],
  ["a file that gets no contents", { files: [{ path: "/etc/hosts" }] }],
  ["a file that gets a mode", { files: [{ path: "/etc/hosts", mode: 0o640, user: { id: 9 } }] }],
  ["appending to what is there", { files: [{ path: "/etc/hosts", append }] }],
  ["appending to new contents", { files: [{ path: "/etc/new", contents, append }] }],
  ["appending to nothing", { files: [{ path: "/etc/new", append }] }],
  ["a file over a directory", { files: [{ path: "/etc/dir", contents }] }],
  ["a file over a directory, overwritten", { files: [{ path: "/etc/dir", contents, overwrite: true }] }],
  ["a file over a link", { files: [{ path: "/etc/link" }] }],
  ["a file over a link, overwritten", { files: [{ path: "/etc/link", contents, overwrite: true }] }],
  ["a new directory", { directories: [{ path: "/usr/share/p/q", mode: 0o2750, group: { id: 7 } }] }],
  ["a directory that is there", { directories: [{ path: "/etc/dir" }] }],
  ["a directory that gets an owner", { directories: [{ path: "/etc/dir", user: { id: 8 } }] }],
  ["a directory, overwritten", { directories: [{ path: "/etc/dir", overwrite: true }] }],
  ["a directory over a file", { directories: [{ path: "/etc/hosts" }] }],
  ["a directory over a file, overwritten", { directories: [{ path: "/etc/hosts", overwrite: true }] }],
  ["a new link", { links: [{ path: "/etc/l", target: "../gone", user: { id: 5 } }] }],
  ["a link that is there", { links: [{ path: "/etc/link", target: "hosts" }] }],
  ["another link", { links: [{ path: "/etc/link", target: "group" }] }],
  ["another link, overwritten", { links: [{ path: "/etc/link", target: "group", overwrite: true }] }],
  ["a link over a file", { links: [{ path: "/etc/hosts", target: "group" }] }],
  ["a link over a directory, overwritten", { links: [{ path: "/etc/dir", target: "x", overwrite: true }] }],
  ["a hard link", { links: [{ path: "/etc/h2", target: "/etc/hosts", hard: true }] }],
  [
    "a hard link to a new file",
    {
      files: [{ path: "/etc/a", contents, mode: 0o640 }],
      links: [{ path: "/etc/h2", target: "/etc/a", hard: true }],
    },
  ],
  ["a relative hard link", { links: [{ path: "/etc/h2", target: "hosts", hard: true }] }],
  ["a hard link by a path from the root", { links: [{ path: "/etc/h2", target: "etc/hosts", hard: true }] }],
  ["a hard link to nothing", { links: [{ path: "/etc/h2", target: "/etc/gone", hard: true }] }],
  ["owners by name", { files: [{ path: "/etc/a", user: { name: "sync" }, group: { name: "adm" } }] }],
  ["an owner that nobody is", { files: [{ path: "/etc/a", user: { name: "nobody-at-all" } }] }],
  [
    "contents that are not what was meant",
    {
      files: [
        { path: "/etc/a", contents: { ...contents, verification: { hash: `sha512-${"0".repeat(128)}` } } },
      ],
    },
  ],
];

describe("planTree beside the real Ignition", () => {
  it.each(cases)("does the same with %s", async (_, storage) => {
    const config = { ignition: { version: "3.3.0" }, storage };
    const root = await makeRoot();
    const { after, refused } = applyPlan(await listRoot(root), root, config);
    const outcome = await runIgnition(root, config);
    expect(refused.length === 0 ? "done" : "refused").toBe(outcome);
    if (outcome === "refused") return;
    const found = await listRoot(root);
    found.delete("/etc/.ignition-result.json");
    expect([...found].toSorted()).toEqual([...after].toSorted());
  });

  it("writes the same units, drop-ins, masks and presets", async () => {
    const dropins = [
      { name: "10.conf", contents: "" },
      { name: "20.conf", contents: "[Timer]\n" },
    ];
    const units = [
      { name: "nftables.service", enabled: true },
      { name: "getty@tty1.service", enabled: true },
      { name: "apt-daily.timer", enabled: false, dropins },
      { name: "getty@tty2.service", enabled: true },
      { name: "getty@tty3.service", enabled: false },
      { name: "empty.service", contents: "" },
      { name: "bad.service", mask: true },
      { name: "off.service", mask: false },
      { name: "plain.service", contents: "[Service]\nExecStart=/bin/true\n" },
    ];
    const config = { ignition: { version: "3.3.0" }, systemd: { units } };
    const root = await makeRoot();
    // It ends where it wants to talk to systemd, behind all that it writes.
    expect(await runFilesStage(root, config)).toMatch(/finished successfully|relabeling|systemd\/private/u);
    const found = await listRoot(join(root, "etc/systemd"));
    const wholeOf = (lines: string): readonly string[] => lines.trim().split("\n").toSorted();
    const presets = await readFile(join(root, "etc/systemd/system-preset/20-ignition.preset"), "utf8");
    const planned = planTree(config, undefined).nodes;
    const preset = planned.find(({ path }) => path.endsWith(".preset"));
    expect(preset?.kind === "file" && wholeOf(String(preset.contents))).toEqual(wholeOf(presets));
    const written = [...found].filter(([path, line]) => !path.includes("preset") && !line.startsWith('["4"'));
    const ours = planned.flatMap((node) => {
      if (node === preset || node.kind === "directory") return [];
      const line =
        node.kind === "file" ? ["10", "644", 0, 0, String(node.contents)] : ["12", "", 0, 0, node.target];
      return [[node.path.replace("/usr/lib/systemd", ""), JSON.stringify(line)]];
    });
    expect(ours.toSorted()).toEqual(written.toSorted());
  });
});
