import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/host/exec.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const images = resolve(".igneous/images");
const script = "scripts/sample-images.sh";

beforeAll(async () => {
  await run(testContext(), ["bash", script]);
});

/** Unpacks an image with umoci and runs one of its programs in its root. */
async function runInside(image: string, argv: readonly string[]): Promise<string> {
  const bundle = join(await temporaryFolder(), "bundle");
  const reference = join(images, image);
  await run(testContext(), [requireTool("umoci"), "unpack", "--rootless", "--image", reference, bundle]);
  const root = join(bundle, "rootfs");
  const inside = ["chroot", root, ...argv];
  const { stdout, stderr } = await run(testContext(), ["unshare", "--map-root-user", ...inside]);
  return stdout + stderr;
}

describe("the sample images", () => {
  it("have the committed digests, for skopeo too", async () => {
    const lines = (await readFile("samples/digests.txt", "utf8")).trimEnd().split("\n");
    for (const line of lines) {
      const [digest, name] = line.split("  ");
      const { stdout } = await run(testContext(), [
        requireTool("skopeo"),
        "inspect",
        `oci:${images}/${name}`,
      ]);
      expect(JSON.parse(stdout)).toMatchObject({ Digest: digest, Architecture: "amd64", Os: "linux" });
    }
  });

  it("are left alone when they are up to date", async () => {
    const { stderr } = await run(testContext(), ["bash", script]);
    expect(stderr).toBe(`sample-images: up to date in ${images}\n`);
  });

  it("are written by a program that passes its own tests", async () => {
    const command = 'cd samples/layout && "$(../../scripts/go-toolchain.sh)" test ./...';
    const { stdout } = await run(testContext(), ["bash", "-c", command], {
      env: { GOTOOLCHAIN: "local", GOFLAGS: "" },
    });
    expect(stdout).toMatch(/^ok /);
  });

  it("get the same digests in another directory", async () => {
    const { stdout } = await run(testContext(), [
      "bash",
      script,
      "--out",
      join(await temporaryFolder(), "elsewhere"),
    ]);
    expect(stdout).toBe(await readFile("samples/digests.txt", "utf8"));
  });

  it.each(["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"])(
    "run %s 1.34.1",
    async (name) => {
      expect(await runInside(`${name}:v1.34.1`, [`/usr/local/bin/${name}`, "--version"])).toBe(
        "Kubernetes v1.34.1\n",
      );
    },
  );

  it.each([
    ["etcd:3.6.5-0", ["/usr/local/bin/etcd", "--version"], "etcd Version: 3.6.5"],
    ["etcd:3.6.5-0", ["/usr/local/bin/etcdctl", "version"], "etcdctl version: 3.6.5"],
    ["etcd:3.6.5-0", ["/usr/local/bin/etcdutl", "version"], "etcdutl version: 3.6.5"],
    ["ethereum/client-go:v1.16.7", ["/usr/local/bin/geth", "version"], "Version: 1.16.7-stable"],
    ["kube-apiserver:v1.34.1", ["/usr/local/bin/kubectl", "version", "--client"], "Client Version: v1.34.1"],
    ["pause:3.10", ["/pause", "-v"], "pause 3.10"],
    ["kubelet:v1.34.1", ["/usr/sbin/iptables", "--version"], "nf_tables"],
    ["kubelet:v1.34.1", ["/usr/bin/mount", "--version"], "mount from util-linux"],
    ["kube-proxy:v1.34.1", ["/usr/sbin/nft", "--version"], "nftables v1"],
    ["kube-proxy:v1.34.1", ["/usr/sbin/conntrack", "--version"], "conntrack v1"],
  ] as const)("of %s run %s", async (image, argv, expected) => {
    expect(await runInside(image, argv)).toContain(expected);
  });

  it("hold a pause that reaps orphans and ends at SIGTERM", async () => {
    // The middle process ends at once, so that its child becomes pause's: at the end no zombie may be left.
    const pause = resolve(images, ".work/programs/pause");
    const inside = `(sleep 0.2 &) ; exec ${pause}`;
    const outside = `unshare --map-root-user --pid --fork --mount-proc sh -c '${inside}' &
      for _ in $(seq 600); do
        child=$(pgrep -P $!)
        [ "$(ps -o comm= -p "$child")" = pause ] && [ -z "$(ps -o stat= --ppid "$child")" ] && break
        sleep 0.1
      done
      ps -o stat= --ppid "$child"; kill -TERM "$child"; wait $!; echo "exit $?"`;
    const { stdout } = await run(testContext(), ["sh", "-c", outside]);
    expect(stdout).toBe("exit 0\n");
  });
});
