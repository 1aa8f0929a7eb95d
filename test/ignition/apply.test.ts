import { describe, expect, it } from "vitest";
import { planTree } from "../../src/ignition/apply.ts";
import type { BakedConfig, PlannedTree } from "../../src/ignition/tree-plan.ts";

const plan = (config: BakedConfig): PlannedTree =>
  planTree(config, ({ source }) => source?.replace(/^data:,/u, ""));

describe("planTree", () => {
  it("puts what is for /etc into /usr/etc and keeps modes and owners", () => {
    const { nodes, refused } = plan({
      storage: {
        files: [{ path: "/etc/a", mode: 0o600, user: { id: 940 }, contents: { source: "data:,x" } }],
        directories: [{ path: "/usr/share/d" }],
        links: [{ path: "/etc/l", target: "a" }],
      },
    });
    expect(refused).toEqual([]);
    expect(nodes).toEqual([
      { kind: "directory", path: "/usr/share/d", mode: 0o755, uid: 0, gid: 0 },
      { kind: "file", path: "/usr/etc/a", contents: "x", mode: 0o600, uid: 940, gid: 0 },
      { kind: "symlink", path: "/usr/etc/l", target: "a" },
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

  it("leaves a unit that a package brings to a preset", () => {
    const { nodes } = plan({ systemd: { units: [{ name: "nftables.service", enabled: true }] } });
    expect(nodes).toMatchObject([{ contents: "enable nftables.service\n" }]);
  });

  it("makes accounts by sysusers.d", () => {
    const { nodes } = plan({
      passwd: { groups: [{ name: "ops", gid: 900 }], users: [{ name: "op", uid: 901, groups: ["ops"] }] },
    });
    expect(nodes).toMatchObject([{ contents: 'g ops 900\nu op 901 "" /home/op /bin/bash\nm op ops\n' }]);
  });

  it("names everything that belongs to a machine or is a secret", () => {
    const { refused } = plan({
      storage: {
        files: [{ path: "/var/x", contents: { source: "data:,x" } }],
        disks: [{ device: "/dev/sda" }],
      },
      passwd: { users: [{ name: "op", passwordHash: "$6$x", sshAuthorizedKeys: ["ssh-ed25519 A"] }] },
      ignition: { config: { merge: [{ source: "data:,{}" }] } },
    });
    expect(refused.map(({ path }) => path.join("."))).toEqual([
      "storage.files.0.path",
      "passwd.users.0.passwordHash",
      "passwd.users.0.sshAuthorizedKeys",
      "storage.disks",
      "ignition.config",
    ]);
  });
});
