import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RunResult, run } from "../../src/host/exec.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";
import { makeCertificates, serveHttps } from "./https-folder.ts";

const exec = promisify(execFile);

interface Setting {
  readonly commit: string;
  readonly url: string;
  /** The served repo. */
  readonly repo: string;
  readonly nodeRepo: string;
  readonly asked: readonly string[];
  readonly stopServer: () => void;
  readonly pull: (...words: readonly string[]) => Promise<RunResult>;
}

/** A static repo over https with a certificate that only `etc/igneous/repo-ca.crt` vouches for, and a node with a repo. */
async function setting(options: { readonly trusted?: boolean } = {}): Promise<Setting> {
  const ostree = requireTool("ostree");
  const folder = await temporaryFolder();
  const [repo, tree, tls, root] = ["repo", "tree", "tls", "node"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  const nodeRepo = join(root, "ostree/repo");
  for (const path of [repo, tree, tls, nodeRepo, join(root, "etc/igneous")])
    await mkdir(path, { recursive: true });
  await writeFile(join(tree, "file"), "content ".repeat(1000));
  await exec(ostree, ["init", "--mode=archive", `--repo=${repo}`]);
  await exec(ostree, ["init", "--mode=bare-user", `--repo=${nodeRepo}`]);
  const { stdout } = await exec(ostree, ["commit", `--repo=${repo}`, "--orphan", `--tree=dir=${tree}`]);
  await makeCertificates(tls);
  if (options.trusted !== false) await copyFile(join(tls, "ca.crt"), join(root, "etc/igneous/repo-ca.crt"));
  const served = await serveHttps(repo, tls);
  onTestFinished(served.stop);
  return {
    commit: stdout.trim(),
    url: `https://127.0.0.1:${served.port}`,
    repo,
    nodeRepo,
    asked: served.asked,
    stopServer: served.stop,
    pull: (...words) =>
      run(testContext(), [resolve("node/libexec/igneous-pull"), ...words], {
        env: { IGNEOUS_ROOT: root },
        okExits: [0, 1, 2],
      }),
  };
}

async function objectsOf(repo: string, suffix: string): Promise<readonly string[]> {
  const names = await readdir(join(repo, "objects"), { recursive: true });
  return names.filter((name) => name.endsWith(suffix)).map((name) => join(repo, "objects", name));
}

describe("igneous-pull", () => {
  it("passes shellcheck", async () => {
    await run(testContext(), [requireTool("shellcheck"), "node/libexec/igneous-pull"]);
  });

  it("brings exactly the commit that is asked for, over https, and leaves no remote behind", async () => {
    const { commit, url, nodeRepo, pull } = await setting();
    expect(await pull(url, commit)).toMatchObject({ exit: 0, stdout: expect.stringContaining(commit) });
    await exec(requireTool("ostree"), ["fsck", `--repo=${nodeRepo}`]);
    expect(await readFile(join(nodeRepo, "config"), "utf8")).not.toContain("remote");
  });

  it("needs no server for a commit that is here", async () => {
    const { commit, url, pull, stopServer, asked } = await setting();
    await pull(url, commit);
    const before = asked.length;
    stopServer();
    expect((await pull(url, commit)).exit).toBe(0);
    expect(asked).toHaveLength(before);
  });

  it("refuses a server whose certificate nobody vouches for, and pulls nothing", async () => {
    const { commit, url, nodeRepo, pull } = await setting({ trusted: false });
    expect((await pull(url, commit)).exit).toBe(1);
    expect(await objectsOf(nodeRepo, ".commit")).toEqual([]);
  });

  it("refuses a tree in which the server changed a file, and another commit under the name of the one that is asked for", async () => {
    const changed = await setting();
    const [file = ""] = await objectsOf(changed.repo, ".filez");
    const bytes = await readFile(file);
    bytes.writeUInt8((bytes.at(-3) ?? 0) ^ 1, bytes.length - 3);
    await writeFile(file, bytes);
    expect((await changed.pull(changed.url, changed.commit)).exit).toBe(1);

    const swapped = await setting();
    const wanted = "ee".repeat(32);
    const [commit = ""] = await objectsOf(swapped.repo, ".commit");
    await mkdir(join(swapped.repo, "objects/ee"), { recursive: true });
    await copyFile(commit, join(swapped.repo, `objects/ee/${wanted.slice(2)}.commit`));
    expect(await swapped.pull(swapped.url, wanted)).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("did not give the commit"),
    });
    for (const { nodeRepo } of [changed, swapped]) {
      const whole = (await objectsOf(nodeRepo, ".commit")).length > 0;
      const partial = await readdir(join(nodeRepo, "state"));
      expect(!whole || partial.some((name) => name.endsWith(".commitpartial"))).toBe(true);
    }
  });

  it("wrong usage exits 2: an address that is none, a checksum that is none", async () => {
    const { commit, url, pull } = await setting();
    for (const words of [[], [url], ["ftp://x", commit], [url, "main"], [url, commit.slice(1)]])
      expect((await pull(...words)).exit, words.join(" ")).toBe(2);
  });
});
