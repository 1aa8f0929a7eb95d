import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run } from "../../src/host/exec.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import type { CommitChecksum } from "../../src/ostree/object.ts";
import { openRepo, type Repo } from "../../src/ostree/repo.ts";
import { treeOfPaths } from "../../src/ostree/tree.ts";
import { makeCertificates, serveHttps } from "../node/https-folder.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

/** Text that compresses, different by `seed`. */
function content(seed: string, size: number): Buffer {
  return Buffer.alloc(size, `${seed} some words that are here many times `);
}

export interface TwoCommits {
  readonly folder: string;
  readonly repo: Repo;
  readonly first: CommitChecksum;
  readonly second: CommitChecksum;
}

/** A repo as a bake leaves it, with two commits of which the second changes one small file of many and adds a large one. */
export async function twoCommits(): Promise<TwoCommits> {
  const folder = await temporaryFolder();
  const repo = await openRepo(testContext(), join(folder, "source"), { fsync: false });
  const many = Array.from({ length: 40 }, (_, index) => {
    return [`/usr/share/${index}`, { kind: "file", contents: content(`file ${index}`, 3000) }] as const;
  });
  const large = { kind: "file", contents: content("large", 20 * 2 ** 20) } as const;
  const commit = (
    text: string,
    more: readonly (readonly [string, typeof large])[],
  ): Promise<CommitChecksum> =>
    commitTree(
      testContext(),
      repo,
      treeOfPaths([
        ...many,
        ["/usr/bin/program", { kind: "file", contents: content(text, 100_000), mode: 0o755 }],
        ["/usr/bin/link", { kind: "symlink", target: "program" }],
        ["/etc/empty", { kind: "file", contents: "" }],
        ...more,
      ]),
      { subject: text, metadata: { version: text } },
    );
  const first = await commit("one", []);
  const second = await commit("two", [["/usr/lib/large", large]]);
  return { folder, repo, first, second };
}

export interface Reader {
  readonly url: string;
  /** Paths that were asked for so far. */
  readonly asked: readonly string[];
  readonly repo: string;
  readonly ostree: (...words: readonly string[]) => Promise<string>;
}

/** A machine that has a folder as its remote `web`, over https with a CA that only this remote names. */
export async function readOverHttps(served: string): Promise<Reader> {
  const folder = await temporaryFolder();
  const [tls, repo] = [join(folder, "tls"), join(folder, "repo")];
  await mkdir(tls);
  await makeCertificates(tls);
  const { port, asked, stop } = await serveHttps(served, tls);
  onTestFinished(stop);
  const url = `https://127.0.0.1:${port}`;
  const ostree = async (...words: readonly string[]): Promise<string> =>
    (await run(testContext(), [requireTool("ostree"), `--repo=${repo}`, ...words])).stdout;
  await ostree("init", "--mode=bare-user");
  await ostree("remote", "add", "--no-gpg-verify", `--set=tls-ca-path=${join(tls, "ca.crt")}`, "web", url);
  return { url, asked, repo, ostree };
}
