import { describe, expect, it } from "vitest";
import { applyKernelArguments, planTree } from "../../src/ignition/apply.ts";
import type { BaseNode, BaseTree } from "../../src/ignition/base-tree.ts";
import type { IgnitionConfig } from "../../src/ignition/config.ts";
import type { PlannedTree } from "../../src/ignition/tree-plan.ts";

type Parts = Omit<IgnitionConfig, "ignition"> & { readonly ignition?: object };

const file = (text: string, mode = 0o644, uid = 0, gid = 0): BaseNode => {
  return { kind: "file", mode: 0o100000 | mode, uid, gid, read: () => Buffer.from(text) };
};

const image: Readonly<Record<string, BaseNode>> = {
  "/usr/etc/passwd": file("root:x:0:0:root:/root:/bin/bash\nsync:x:4:65534::/bin:/bin/sync\n"),
  "/usr/etc/group": file("root:x:0:\nadm:x:4:\nusers:x:100:\n"),
  "/usr/etc/hosts": file("127.0.0.1 localhost\n", 0o600, 1, 2),
  "/usr/etc/link": { kind: "symlink", target: "hosts", uid: 0, gid: 0 },
  "/usr/etc/dir": { kind: "directory", mode: 0o40711, uid: 3, gid: 4 },
};
const base: BaseTree = { find: (path) => image[path] };

const plan = (config: Parts, onto: BaseTree | undefined = base): PlannedTree =>
  planTree({ ...config, ignition: { version: "3.3.0", ...config.ignition } }, onto);

const shown = ({ nodes }: PlannedTree): readonly object[] =>
  nodes.map((node) => (node.kind === "file" ? { ...node, contents: String(node.contents) } : node));

const refusals = ({ refused }: PlannedTree): readonly string[] =>
  refused.map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("planTree", () => {
  it("puts what is for /etc into /usr/etc and keeps modes and owners", () => {
    const planned = plan({
      storage: {
        files: [{ path: "/etc/a", mode: 0o600, user: { id: 940 }, contents: { source: "data:,x" } }],
        directories: [{ path: "/usr/share/d" }],
        links: [{ path: "/etc/l", target: "a", group: { id: 7 } }],
      },
    });
    expect(planned.refused).toEqual([]);
    expect(shown(planned)).toEqual([
      { kind: "directory", path: "/usr/share/d", mode: 0o755, uid: 0, gid: 0 },
      { kind: "file", path: "/usr/etc/a", contents: "x", mode: 0o600, uid: 940, gid: 0 },
      { kind: "symlink", path: "/usr/etc/l", target: "a", uid: 0, gid: 7 },
    ]);
  });

  it("leaves what is there alone unless the config says overwrite", () => {
    const contents = { source: "data:,x" };
    const refused = plan({
      storage: {
        files: [{ path: "/etc/hosts", contents }, { path: "/etc/dir" }, { path: "/etc/link" }],
        directories: [{ path: "/etc/hosts" }],
        links: [{ path: "/etc/link", target: "other" }],
      },
    });
    expect(refusals(refused).map((line) => line.replace(/ of the image.*/u, ""))).toEqual([
      "storage.directories.0: /etc/hosts is a file",
      "storage.files.0: /etc/hosts is a file",
      "storage.files.1: /etc/dir is a directory",
      "storage.files.2: /etc/link is a symlink",
      "storage.links.0: /etc/link is a symlink",
    ]);
    const replaced = plan({
      storage: {
        files: [{ path: "/etc/dir", overwrite: true, contents }],
        directories: [{ path: "/etc/hosts", overwrite: true }],
        links: [{ path: "/etc/link", overwrite: true, target: "other" }],
      },
    });
    expect(replaced.removed).toEqual(["/usr/etc/hosts", "/usr/etc/dir", "/usr/etc/link"]);
    expect(shown(replaced)).toMatchObject([
      { kind: "directory", mode: 0o755, uid: 0 },
      { kind: "file", contents: "x", mode: 0o644, uid: 0 },
      { kind: "symlink", target: "other" },
    ]);
  });

  it("keeps a file that gets no contents, with its mode and owners, and appends to it", () => {
    const append = [{ source: "data:,::1" }, { source: "data:;base64,IGxvY2FsaG9zdAo=" }];
    const planned = plan({
      storage: {
        files: [
          { path: "/etc/hosts", append },
          { path: "/etc/new", contents: { source: "data:,a" }, append },
        ],
        directories: [{ path: "/etc/dir", mode: 0o700 }],
        links: [{ path: "/etc/link", target: "hosts", user: { id: 5 } }],
      },
    });
    expect(planned.refused).toEqual([]);
    expect(shown(planned)).toEqual([
      { kind: "directory", path: "/usr/etc/dir", mode: 0o700, uid: 3, gid: 4 },
      {
        kind: "file",
        path: "/usr/etc/hosts",
        contents: "127.0.0.1 localhost\n::1 localhost\n",
        mode: 0o600,
        uid: 1,
        gid: 2,
      },
      { kind: "file", path: "/usr/etc/new", contents: "a::1 localhost\n", mode: 0o644, uid: 0, gid: 0 },
      { kind: "symlink", path: "/usr/etc/link", target: "hosts", uid: 5, gid: 0 },
    ]);
  });

  it("gives a hard link the file that it names", () => {
    const planned = plan({
      storage: {
        links: [
          { path: "/etc/other", target: "/etc/hosts", hard: true },
          { path: "/etc/none", target: "/etc/nowhere", hard: true },
        ],
      },
    });
    expect(shown(planned)).toMatchObject([{ kind: "file", path: "/usr/etc/other", mode: 0o600, uid: 1 }]);
    expect(refusals(planned)).toEqual([
      "storage.links.1.target: /etc/nowhere is no file of this config or of the image",
    ]);
  });

  it("finds owners by name in the image and among the config's own accounts", () => {
    const owned = (user: string, group: string) => ({
      path: `/etc/${user}.${group}`,
      user: { name: user },
      group: { name: group },
    });
    const config: Parts = {
      passwd: {
        groups: [{ name: "ops", gid: 900 }],
        users: [{ name: "op", uid: 901 }, { name: "late" }],
      },
      storage: {
        files: [owned("sync", "adm"), owned("op", "ops"), owned("root", "op"), owned("late", "gone")],
      },
    };
    const planned = plan(config);
    const numbers = planned.nodes.flatMap((node) =>
      node.path.startsWith("/usr/etc/") ? [`${node.uid}:${node.gid}`] : [],
    );
    expect(numbers).toEqual(["4:4", "901:900", "0:901", "0:0"]);
    expect(refusals(planned)).toEqual([
      "storage.files.3.user.name: the user late gets its number when the node boots: give it one in this config",
      "storage.files.3.group.name: there is no group gone in the image or in this config",
    ]);
    expect(planTree({ ...config, ignition: { version: "3.3.0" } }, undefined).refused).toHaveLength(1);
  });

  it("reads contents that are packed, and refuses those that are elsewhere, broken or not what was meant", () => {
    const packed = "data:;base64,H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==";
    const hash = `sha256-${"0".repeat(64)}`;
    const planned = plan({
      storage: {
        files: [
          { path: "/etc/a", contents: { source: packed, compression: "gzip" } },
          { path: "/etc/b", contents: { source: "https://example.com/b" } },
          { path: "/etc/c", contents: { source: "data:,no", compression: "gzip" } },
          { path: "/etc/d", contents: { source: "data:,x", verification: { hash } } },
        ],
      },
    });
    expect(shown(planned)[0]).toMatchObject({ path: "/usr/etc/a", contents: "hello" });
    expect(refusals(planned).map((line) => line.slice(0, 60))).toEqual([
      expect.stringContaining("files.1.contents: only contents that the config"),
      expect.stringContaining("files.2.contents: the contents are no gzip stream"),
      expect.stringContaining("files.3.contents: the contents have the sha256"),
    ]);
  });

  it("enables a unit by the links of its [Install] section and masks one by /dev/null", () => {
    const contents =
      "[Service]\nWantedBy=no.target\n[Install]\nWantedBy=a.target b.target\nAlias=h.service\n";
    const { nodes } = plan({
      systemd: {
        units: [
          { name: "hello.service", enabled: true, contents },
          { name: "bad.service", mask: true },
        ],
      },
    });
    const links = nodes.flatMap((node) => (node.kind === "symlink" ? [`${node.path} ${node.target}`] : []));
    const folder = "/usr/lib/systemd/system";
    expect(links).toEqual([
      `${folder}/a.target.wants/hello.service ../hello.service`,
      `${folder}/b.target.wants/hello.service ../hello.service`,
      `${folder}/h.service hello.service`,
      `${folder}/bad.service /dev/null`,
    ]);
  });

  it("leaves units that packages bring to a preset, with the instances of a template on one line", () => {
    const units = [
      { name: "nftables.service", enabled: true },
      { name: "getty@tty1.service", enabled: true },
      { name: "apt-daily.timer", enabled: false, dropins: [{ name: "10.conf" }] },
      { name: "getty@tty2.service", enabled: true },
    ];
    expect(plan({ systemd: { units } }).nodes).toMatchObject([
      {
        path: "/usr/lib/systemd/system-preset/40-igneous-image.preset",
        contents: "enable nftables.service\nenable getty@.service tty1 tty2\ndisable apt-daily.timer\n",
      },
    ]);
  });

  it("makes accounts and their homes by sysusers.d and tmpfiles.d", () => {
    const { nodes, refused } = plan({
      passwd: {
        groups: [
          { name: "ops", gid: 900 },
          { name: "not", shouldExist: false },
        ],
        users: [
          { name: "op", uid: 901, groups: ["ops"], gecos: "100 %" },
          { name: "daemon2", system: true, primaryGroup: "ops", homeDir: "/var/lib/d", shell: "/bin/false" },
          { name: "root", groups: ["ops"] },
        ],
      },
    });
    expect(refused).toEqual([]);
    expect(nodes).toMatchObject([
      {
        path: "/usr/lib/sysusers.d/40-igneous-image.conf",
        contents:
          'g ops 900\nu op 901 "100 %%" /home/op /bin/bash\nm op ops\n' +
          'u daemon2 -:ops "" /var/lib/d /bin/false\nm root ops\n',
      },
      { path: "/usr/lib/tmpfiles.d/40-igneous-image.conf", contents: "d /home/op 0700 op op -\n" },
    ]);
  });

  it("names everything that belongs to a machine, is a secret, or cannot be changed", () => {
    const planned = plan({
      storage: {
        files: [{ path: "/var/x", contents: { source: "data:,x" } }],
        disks: [{ device: "/dev/sda" }],
      },
      passwd: {
        groups: [{ name: "adm", gid: 9, passwordHash: "x" }],
        users: [
          { name: "op", passwordHash: "$6$x", sshAuthorizedKeys: ["ssh-ed25519 A"] },
          { name: "root", shell: "/bin/sh", uid: 0 },
          { name: "sync", shouldExist: false },
        ],
      },
      ignition: { config: { merge: [{ source: "data:,{}" }] } },
    });
    expect(planned.refused.map(({ path }) => path.join("."))).toEqual([
      "storage.files.0.path",
      "passwd.groups.0.passwordHash",
      "passwd.groups.0.gid",
      "passwd.users.0.passwordHash",
      "passwd.users.0.sshAuthorizedKeys",
      "passwd.users.1.shell",
      "passwd.users.2.shouldExist",
      "storage.disks",
      "ignition.config",
    ]);
  });
});

describe("applyKernelArguments", () => {
  it("takes away and adds, nothing twice", () => {
    const kernelArguments = { shouldExist: ["quiet", "mitigations=off"], shouldNotExist: ["splash"] };
    const config = { ignition: { version: "3.3.0" }, kernelArguments };
    expect(applyKernelArguments(["splash", "quiet"], config)).toEqual(["quiet", "mitigations=off"]);
  });
});
