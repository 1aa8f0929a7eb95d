import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { deployScript } from "../../src/aws/rollout-in-place.ts";
import { requireTool, temporaryFolder } from "../tools.ts";

const run = promisify(execFile);

/** A folder over http on loopback. */
async function serve(folder: string): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://x");
    readFile(join(folder, pathname)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

interface Setting {
  readonly url: string;
  readonly commit: string;
  readonly node: (script: readonly string[]) => Promise<{ readonly stdout: string }>;
  readonly log: () => Promise<string>;
  readonly nodeRepo: string;
}

/** A static repo with one commit, and a node with a repo of its own, whose igneous-host and systemd-run only note their call. */
async function setting(): Promise<Setting> {
  const ostree = requireTool("ostree");
  const folder = await temporaryFolder();
  const [repo, nodeRepo, tree, bin] = ["repo", "node", "tree", "bin"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  await Promise.all([repo, nodeRepo, tree, bin].map((path) => mkdir(path)));
  await writeFile(join(tree, "file"), "content");
  await run(ostree, ["init", "--mode=archive", `--repo=${repo}`]);
  await run(ostree, ["init", "--mode=bare-user", `--repo=${nodeRepo}`]);
  const { stdout } = await run(ostree, ["commit", `--repo=${repo}`, "--branch=host", `--tree=dir=${tree}`]);
  for (const program of ["igneous-host", "systemd-run"]) {
    await writeFile(join(bin, program), `#!/bin/sh\necho ${program} "$@" >>${folder}/log\n`);
    await chmod(join(bin, program), 0o755);
  }
  const env = { PATH: `${bin}:${process.env["PATH"]}`, OSTREE_REPO: nodeRepo };
  return {
    url: await serve(repo),
    commit: stdout.trim(),
    node: (script) => run("sh", ["-c", script.join("\n")], { env }),
    log: () => readFile(join(folder, "log"), "utf8").catch(() => ""),
    nodeRepo,
  };
}

describe("the script that deploys in place", () => {
  it("pulls exactly the commit with the real ostree, deploys it and reboots later; twice is as good as once", async () => {
    const { url, commit, node, log, nodeRepo } = await setting();
    await node(deployScript({ commit, url }));
    await node(deployScript({ commit, url }));
    await run(requireTool("ostree"), ["fsck", `--repo=${nodeRepo}`]);
    const once = `igneous-host deploy ${commit}\nsystemd-run --quiet --on-active=5 systemctl reboot\n`;
    expect(await log()).toBe(`${once}${once}`);
  });

  it("deploys nothing when the repo does not have the commit", async () => {
    const { url, node, log } = await setting();
    await expect(node(deployScript({ commit: "e".repeat(64), url }))).rejects.toThrow();
    expect(await log()).toBe("");
  });
});
