import { mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/host/exec.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

/** A small installed tree with one of each thing that shape.sh handles; accounts in the given order. */
async function installedTree(order: "up" | "down"): Promise<string> {
  const root = await temporaryFolder();
  const put = async (path: string, text = ""): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const lines = (...all: string[]): string =>
    (order === "up" ? all : all.toReversed()).join("\n").concat("\n");
  const day = order === "up" ? 20_700 : 19_000;
  await put("etc/passwd", lines("root:x:0:0::/root:/bin/bash", "sshd:x:989:65534::/run/sshd:/bin/false"));
  await put("etc/group", lines("root:x:0:", "adm:x:4:", "staff:x:50:"));
  await put("etc/shadow", lines(`root:*:${day}:0:99999:7:::`, `sshd:!:${day}::::::`));
  await put("etc/gshadow", lines("root:*::", "adm:*::", "staff:*::"));
  for (const leftover of [
    "machine-id",
    "ssh/ssh_host_ed25519_key",
    "hostname",
    "passwd-",
    "apt/sources.list",
  ]) {
    await put(`etc/${leftover}`, order);
  }
  await put("etc/hosts", order);
  await put("usr/share/doc/bash/copyright", "free");
  await put("usr/share/doc/bash/changelog.gz", order);
  await put("usr/share/doc/none/README", order);
  await put("usr/share/man/man1/bash.1", order);
  await put("usr/share/python/__pycache__/x.pyc", order);
  await put("usr/local/bin/mine");
  await put("usr/lib/tmpfiles.d/other.conf", "q /var/tmp 1777 root root 30d\n");
  await put("usr/lib/systemd/system/sysinit.target.wants/ldconfig.service");
  await put("usr/lib/systemd/system/sysinit.target.wants/systemd-sysctl.service");
  await put("var/lib/dpkg/status", "Package: bash\n");
  await put("var/lib/dpkg/status-old", order);
  await put("var/lib/dpkg/lock", order);
  await put("var/log/nginx/access.log", order);
  await put("var/cache/apt/pkgcache.bin", order);
  await put("var/tmp/x", order);
  await symlink("../run", join(root, "var/run"));
  for (const folder of ["boot", "dev", "home", "media", "mnt", "opt", "root", "run", "srv", "tmp"]) {
    await put(`${folder}/leftover`, order);
  }
  await run(testContext(), ["sh", "node/compose/shape.sh", root]);
  return root;
}

describe("shape.sh", () => {
  it("leaves what OSTree deploys: configuration in /usr/etc, an empty /var, links to what stays writable", async () => {
    const root = await installedTree("up");
    expect(await readdir(join(root, "var"))).toEqual([]);
    for (const [link, target] of [
      ["home", "var/home"],
      ["root", "var/roothome"],
      ["usr/local", "../var/usrlocal"],
      ["ostree", "sysroot/ostree"],
    ] as const) {
      expect(await readlink(join(root, link))).toBe(target);
    }
    const etc = await readdir(join(root, "usr/etc"));
    expect(etc.sort()).toEqual(
      "fstab group gshadow hosts mtab passwd resolv.conf selinux shadow ssh".split(" "),
    );
    expect(await readdir(join(root, "usr/etc/ssh"))).toEqual([]);
    expect(await readFile(join(root, "usr/lib/sysimage/dpkg/status"), "utf8")).toBe("Package: bash\n");
    expect(await readdir(join(root, "usr/lib/sysimage/dpkg"))).toEqual(["status"]);
    expect(await readdir(join(root, "usr/share/doc"))).toEqual(["bash"]);
    expect(await readdir(join(root, "usr/lib/systemd/system/sysinit.target.wants"))).toEqual([
      "systemd-sysctl.service",
    ]);
  });

  it("turns the folders in /var into lines that tmpfiles.d does not have yet", async () => {
    const root = await installedTree("up");
    const text = await readFile(join(root, "usr/lib/tmpfiles.d/igneous-var.conf"), "utf8");
    expect(text.replaceAll(/ \d{4} \d+ \d+ -$/gmu, "").split("\n")).toEqual([
      "# Folders in /var that the packages of the base bring.",
      "L /var/run - - - - ../run",
      "d /var/cache",
      "d /var/lib",
      "d /var/log",
      "d /var/log/nginx",
      "",
    ]);
  });

  it("gives the same tree whatever the day, and whatever the order in which accounts were made", async () => {
    const [one, other] = await Promise.all([installedTree("up"), installedTree("down")]);
    const { stdout } = await run(testContext(), ["diff", "-r", "--no-dereference", one, other]);
    expect(stdout).toBe("");
    expect(await readFile(join(one, "usr/etc/shadow"), "utf8")).toContain("root:*:20000:");
  });
});

describe("the scripts that compose the base", () => {
  it("are free of what shellcheck knows to be wrong", async () => {
    const compose = (await readdir("node/compose")).filter((name) => name.endsWith(".sh"));
    const dracut = ["igneous-resolv", "igneous-sysroot", "module-setup.sh"].map(
      (name) => `node/dracut/95igneous/${name}`,
    );
    const files = [...compose.map((name) => `node/compose/${name}`), ...dracut];
    await run(testContext(), [requireTool("shellcheck") as "shellcheck", ...files]);
  });
});
