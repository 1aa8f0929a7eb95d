import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/host/exec.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";
import { plannedText, samplePlan, sampleSpec } from "./sample.ts";

describe("renderContainers", () => {
  const plan = samplePlan();

  it("plans nothing outside /usr and nothing twice", () => {
    const all = [...plan.files, ...plan.links].map(({ path }) => path);
    expect(all.filter((path) => !path.startsWith("/usr/"))).toEqual([]);
    expect(all.length).toBe(new Set(all).size);
  });

  it("plans the same for the same input", () => {
    expect(samplePlan()).toEqual(plan);
  });

  it("makes mount points where the read-only root needs them, and none below another mount", () => {
    const etcd = plan.containers.find(({ name }) => name === "etcd");
    expect(etcd?.mountPoints).toEqual([
      { path: "/dev", kind: "directory" },
      { path: "/etc/hosts", kind: "file" },
      { path: "/etc/resolv.conf", kind: "file" },
      { path: "/pki", kind: "directory" },
      { path: "/proc", kind: "directory" },
      { path: "/run/notify", kind: "file" },
      { path: "/tmp", kind: "directory" },
      { path: "/var/lib/etcd", kind: "directory" },
    ]);
  });

  it("starts a container for any of its roles, or for its own name alone", () => {
    const unit = plannedText(plan, "/usr/lib/systemd/system/kubelet.service");
    const conditions = unit.split("\n").filter((line) => line.startsWith("ConditionPathExists="));
    expect(conditions).toEqual([
      "ConditionPathExists=/run/igneous/cluster",
      "ConditionPathExists=|/etc/igneous/roles.d/control-plane",
      "ConditionPathExists=|/etc/igneous/roles.d/worker",
      "ConditionPathExists=|/etc/igneous/roles.d/kubelet",
    ]);
  });

  it("plans a check of every program of the node", () => {
    expect(plan.checks.map(({ name }) => name)).toEqual([
      "etcd-health",
      "kube-apiserver-version",
      "kube-controller-manager-version",
      "kube-scheduler-version",
      "kubelet-version",
      "kube-proxy-version",
      "geth-block-number",
    ]);
  });

  it("describes its users in words that systemd takes", async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, "etc"));
    await writeFile(join(root, "users.conf"), plannedText(plan, "/usr/lib/sysusers.d/igneous.conf"));
    const argv = [requireTool("systemd-sysusers"), `--root=${root}`, join(root, "users.conf")] as const;
    const { stderr } = await run(testContext(), argv);
    expect(stderr).not.toContain("not a valid");
    expect(await readFile(join(root, "etc/passwd"), "utf8")).toContain("geth:x:944:944:igneous geth:");
  });

  it("writes units that systemd accepts", async () => {
    const systemd = requireTool("systemd-analyze");
    const root = await temporaryFolder();
    for (const { path, mode, contents } of plan.files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), contents);
      await chmod(join(root, path), mode);
    }
    for (const program of ["/usr/bin/crun", "/usr/bin/containerd", ...libexec]) {
      await mkdir(dirname(join(root, program)), { recursive: true });
      await writeFile(join(root, program), "#!/bin/sh\n", { mode: 0o755 });
    }
    for (const unit of ["sysinit.target", "shutdown.target", "network-online.target"]) {
      await writeFile(join(root, "/usr/lib/systemd/system", unit), "[Unit]\n");
    }
    await writeFile(
      join(root, "/usr/lib/systemd/system/containerd.service"),
      "[Service]\nExecStart=/usr/bin/containerd\n",
    );
    const { stderr } = await run(testContext(), [
      systemd,
      "verify",
      "--man=no",
      `--root=${root}`,
      ...plan.units,
      "igneous-node.service",
      "igneous.target",
    ]);
    expect(stderr.split("\n").filter((line) => /etcd|kube|geth|igneous/u.test(line))).toEqual([]);
  });

  it.each(["etcd", "geth", "kube-apiserver"])(
    "keeps the exposure of %s at 5 or less in systemd's eyes",
    async (name) => {
      const unit = join(await temporaryFolder(), `${name}.service`);
      await writeFile(unit, plannedText(plan, `/usr/lib/systemd/system/${name}.service`));
      const argv = ["security", "--offline=true", "--no-pager", "--threshold=50", unit] as const;
      const { stdout } = await run(testContext(), [requireTool("systemd-analyze"), ...argv]);
      expect(stdout).toMatch(/Overall exposure level for .*: [0-5]\.\d/u);
    },
  );

  it("starts nothing with igneous.target that ends well and is then taken for a failure by igneous-health", () => {
    const started = plan.links
      .map(({ path }) => /igneous\.target\.wants\/(.+\.service)$/u.exec(path)?.[1])
      .filter((name) => name !== undefined);
    expect(started).toContain("igneous-cluster.service");
    for (const name of started) {
      const unit = plannedText(plan, `/usr/lib/systemd/system/${name}`);
      if (unit.includes("Type=oneshot")) expect(unit, name).toContain("RemainAfterExit=yes");
    }
  });

  it("leaves a user's container its image's entrypoint, environment and user", () => {
    const containers = { own: { image: "localhost/own:1", env: { B: "2" } } };
    const image = {
      Entrypoint: ["/own"],
      Cmd: ["serve"],
      Env: ["A=1"],
      User: "1000:1001",
      WorkingDir: "/srv",
    };
    const config: unknown = JSON.parse(
      plannedText(
        samplePlan(sampleSpec({ containers }), image),
        "/usr/lib/igneous/containers/own/config.json",
      ),
    );
    expect(config).toMatchObject({
      process: {
        args: ["/own", "serve"],
        cwd: "/srv",
        user: { uid: 1000, gid: 1001 },
        env: ["A=1", "B=2", expect.stringMatching(/^PATH=/u)],
        noNewPrivileges: true,
        capabilities: { bounding: [] },
      },
      root: { readonly: true },
    });
  });
});

const libexec = ["igneous-node", "igneous-images", "igneous-ready"].map(
  (name) => `/usr/libexec/igneous/${name}`,
);
