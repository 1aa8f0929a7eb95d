import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { expandContainers } from "../../src/containers/expand.ts";
import { renderContainers } from "../../src/containers/render-containers.ts";
import { sleep } from "../../src/host/clock.ts";
import { run, start } from "../../src/host/exec.ts";
import { requireTool, testContext } from "../tools.ts";

const images = resolve(".igneous/images");

/** The node under test has no kubelet: that wants control groups, which a namespace of this machine cannot give it. */
const spec = {
  kubernetes: { version: "1.34.1", imageRepository: `oci:${images}` },
  geth: { network: "dev", image: `oci:${images}/ethereum/client-go:v1.16.7` },
  containers: { kubelet: { enabled: false }, "kube-proxy": { enabled: false } },
} as const;

export interface NativeNode {
  /** Boots, runs the script when everything has started, shuts down; gives the script's exit status and output. */
  readonly boot: (script: string) => Promise<{ readonly exit: number; readonly log: string }>;
}

/** A node of the sample images on this machine's own systemd and crun, with a /var/lib that outlives its boots. */
export async function nativeNode(roles: readonly string[]): Promise<NativeNode> {
  for (const tool of ["crun", "umoci", "unshare", "ip", "jq", "curl"]) requireTool(tool);
  if (!existsSync(images)) throw new Error("no sample images; run: scripts/sample-images.sh");
  const folder = await mkdtemp(join(tmpdir(), "igneous-node-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writePayload(folder);
  for (const name of ["var", "out"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "roles"), `${roles.join("\n")}\n`);
  return { boot: (script) => boot(folder, script) };
}

async function writePayload(folder: string): Promise<void> {
  const { containers } = expandContainers(spec);
  const plan = renderContainers({
    kubernetesVersion: spec.kubernetes.version,
    containers: containers.map((entry) => ({ entry, image: {} })),
  });
  const payload = join(folder, "payload");
  for (const { path, mode, contents } of plan.files) await place(join(payload, path), contents, mode);
  for (const { path, target } of plan.links) {
    await mkdir(dirname(join(payload, path)), { recursive: true });
    await symlink(target, join(payload, path));
  }
  await cp("node/libexec", join(payload, "usr/libexec/igneous"), { recursive: true });
  for (const { name, image, mountPoints } of plan.containers) {
    const scratch = join(folder, "unpacked", randomBytes(4).toString("hex"));
    await mkdir(dirname(scratch), { recursive: true });
    await run(testContext(), ["umoci", "unpack", "--image", image.replace(/^oci:/u, ""), scratch]);
    await mkdir(join(folder, "rootfs"), { recursive: true });
    await symlink(join(scratch, "rootfs"), join(folder, "rootfs", name));
    for (const { path, kind } of mountPoints) {
      const target = join(folder, "mountpoints", name, path);
      if (kind === "file") await place(target, "", 0o644);
      else await mkdir(target, { recursive: true });
    }
  }
}

async function place(path: string, contents: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents, { mode });
}

async function boot(
  folder: string,
  script: string,
): Promise<{ readonly exit: number; readonly log: string }> {
  const context = testContext();
  for (const name of await readdir(join(folder, "out"))) await rm(join(folder, "out", name));
  await writeFile(join(folder, "probe.sh"), script);
  const machine = start(context, [resolve("test/e2e/native-node.sh"), folder]);
  let over = false;
  void machine.done.then(
    () => (over = true),
    () => (over = true),
  );
  machine.stdout.resume();
  try {
    while (!existsSync(join(folder, "out/exit"))) {
      if (over) throw new Error(`the node ended: ${machine.stderrTail()}`);
      await sleep(500, context.signal);
    }
    const log = await readFile(join(folder, "out/log"), "utf8");
    return { exit: Number(await readFile(join(folder, "out/exit"), "utf8")), log };
  } finally {
    machine.kill();
    await machine.done.catch(() => undefined);
  }
}
