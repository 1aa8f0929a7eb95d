import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { importImages } from "../../src/commands/import.ts";
import { startDockerRegistry } from "../fakes/docker-registry.ts";
import { type FakeEntry, gzipLayer, imageOf, noise, tarOf, writeLayout } from "../fakes/oci-image.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

const craneVersion = "v0.20.2";
const tools = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "igneous", "tools");

let folder: string;
let layout: string;
let storage: readonly string[];

const below: readonly FakeEntry[] = [
  { name: "etc", type: "directory", mode: 0o755 },
  { name: "etc/gone", content: "gone" },
  { name: "etc/kept", content: "kept", mode: 0o640, uid: 7, gid: 8 },
  { name: "opaque", type: "directory" },
  { name: "opaque/old", content: "old" },
  { name: "becomes-file", type: "directory" },
  { name: "becomes-file/x", content: "x" },
  { name: "becomes-directory", content: "file" },
  { name: "link", type: "symlink", linkname: "/etc/kept" },
];
const above: readonly FakeEntry[] = [
  { name: "etc/.wh.gone" },
  { name: "opaque/new", content: "new" },
  { name: "opaque/.wh..wh..opq" },
  { name: "becomes-file", content: "now a file" },
  { name: "becomes-directory", type: "directory", mode: 0o1777 },
  { name: "becomes-directory/y", content: "y" },
  { name: "bin", type: "directory" },
  { name: "bin/su", content: noise(300_000, "su"), mode: 0o4755 },
  { name: "bin/same", type: "link", linkname: "bin/su", mode: 0o4755 },
  { name: `long/${"n".repeat(120)}/${"m".repeat(120)}`, content: "deep" },
];

beforeAll(() => {
  const env = { ...process.env, GOBIN: tools, GOFLAGS: "-mod=mod" };
  const module = `github.com/google/go-containerregistry/cmd/crane@${craneVersion}`;
  execFileSync(requireTool("go"), ["install", module], { env, stdio: "ignore" });
}, 900_000);

beforeEach(async () => {
  folder = await temporaryFolder();
  layout = join(folder, "layout");
  await writeLayout(layout, {
    v1: imageOf([gzipLayer(await tarOf(below)), gzipLayer(await tarOf(above))]),
  });
  storage = ["--root", join(folder, "s"), "--runroot", join(folder, "r"), "--storage-driver", "vfs"];
});

function run(tool: string, ...argv: readonly string[]): string {
  return execFileSync(tool.includes("/") ? tool : requireTool(tool), argv, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

const crane = (...argv: readonly string[]): string => run(join(tools, "crane"), ...argv);
/** podman names an image by where it is from, and takes no capital letters there. */
async function pulledByPodman(): Promise<string> {
  const { host } = await startDockerRegistry(join(folder, "registry"));
  const image = `${host}/team/app:v1`;
  run(
    "skopeo",
    "--insecure-policy",
    "copy",
    "--dest-tls-verify=false",
    `oci:${layout}:v1`,
    `docker://${image}`,
  );
  podman("pull", "-q", "--tls-verify=false", image);
  return image;
}

const podman = (...argv: readonly string[]): string => run("podman", ...storage, ...argv);
const buildah = (...argv: readonly string[]): string => run("buildah", ...storage, ...argv);

/** Names, kinds, modes, owners, targets and contents of a folder, by programs that are not ours. */
function listing(path: string): string {
  const format = "%P %y %m %U:%G %l\\n";
  const names = execFileSync("sh", ["-c", `cd '${path}' && find . -mindepth 1 -printf '${format}' | sort`]);
  const sums = execFileSync("sh", [
    "-c",
    `cd '${path}' && find . -type f -print0 | sort -z | xargs -0 sha256sum`,
  ]);
  return `${names.toString()}${sums.toString()}`;
}

let imports = 0;

async function importedTree(reference: string): Promise<string> {
  const repo = join(folder, "repo");
  const [image] = await importImages(testContext(join(folder, "cache")), { references: [reference], repo });
  const out = join(folder, `checkout-${imports++}`);
  run("ostree", "checkout", `--repo=${repo}`, image?.commit ?? "", out);
  return listing(out);
}

describe("podman", () => {
  it("makes the tree of the image that we make, whiteouts and all", async () => {
    const image = await pulledByPodman();
    const tree = listing(podman("image", "mount", image));
    podman("image", "unmount", image);
    expect(await importedTree(`oci:${layout}:v1`)).toBe(tree);
  });

  it("pushes to a registry and to a layout what we import as the same tree", async () => {
    const image = await pulledByPodman();
    const again = image.replace(":v1", ":v2");
    podman("push", "-q", "--tls-verify=false", image, `docker://${again}`);
    podman("push", "-q", image, `oci:${folder}/out:v2`);
    const tree = await importedTree(`oci:${layout}:v1`);
    expect(await importedTree(again)).toBe(tree);
    expect(await importedTree(`oci:${folder}/out:v2`)).toBe(tree);
  });
});

describe("buildah", () => {
  it("commits an image to a layout and a registry that we import as the tree that it mounts", async () => {
    const { host } = await startDockerRegistry(join(folder, "registry"));
    mkdirSync(join(folder, "context"));
    writeFileSync(join(folder, "context", "app"), noise(100_000, "app"), { mode: 0o755 });
    const container = buildah("from", "scratch");
    buildah("copy", "--chown", "3:4", container, join(folder, "context", "app"), "/opt/app");
    buildah("config", "--entrypoint", '["/opt/app"]', container);
    const tree = listing(buildah("mount", container));
    buildah("commit", "-q", container, `oci:${folder}/built:v1`);
    buildah("commit", "-q", "--tls-verify=false", container, `docker://${host}/built:v1`);
    buildah("umount", container);
    expect(await importedTree(`oci:${folder}/built:v1`)).toBe(tree);
    expect(await importedTree(`${host}/built:v1`)).toBe(tree);
  });
});

describe("crane", () => {
  it("pushes a layout, names its digest as we do, and exports the same tree", async () => {
    const { host } = await startDockerRegistry(join(folder, "registry"));
    const image = `${host}/crane/app:v1`;
    crane("push", "--insecure", layout, image);
    const references = [image];
    const [imported] = await importImages(testContext(join(folder, "cache")), {
      references,
      repo: join(folder, "repo"),
    });
    expect(crane("digest", "--insecure", "--platform", "linux/amd64", image)).toBe(imported?.manifestDigest);
    mkdirSync(join(folder, "exported"));
    crane("export", "--insecure", image, join(folder, "image.tar"));
    run("tar", "-xpf", join(folder, "image.tar"), "-C", join(folder, "exported"));
    // It does not know opaque whiteouts, so that it leaves what one removes.
    const isFile = (line: string): boolean => line.length > 70 && !line.endsWith("opaque/old");
    const files = (text: string): readonly string[] => text.split("\n").filter(isFile);
    expect(files(await importedTree(image))).toEqual(files(listing(join(folder, "exported"))));
  });

  it("pulls a layout that we import as the same commit", async () => {
    const { host } = await startDockerRegistry(join(folder, "registry"));
    crane("push", "--insecure", layout, `${host}/app:v1`);
    crane("pull", "--insecure", "--format", "oci", `${host}/app:v1`, join(folder, "pulled"));
    expect(await importedTree(`oci:${folder}/pulled`)).toBe(await importedTree(`oci:${layout}:v1`));
  });
});
