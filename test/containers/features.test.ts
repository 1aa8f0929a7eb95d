import { describe, expect, it } from "vitest";
import { combineFeatures, type FeatureName, features, isLabelled } from "../../src/containers/features.ts";

const names = Object.keys(features) as FeatureName[];

describe("features", () => {
  it("add nothing when none is named", () => {
    expect(combineFeatures([])).toEqual({ packages: [], files: [], links: [], kernelArguments: [] });
  });

  it("write below /usr only", () => {
    const { files, links } = combineFeatures([...names, { selinux: "enforcing" }]);
    const outside = [...files, ...links].filter(({ path }) => !path.startsWith("/usr/"));
    expect(outside).toEqual([]);
  });

  it("bring their packages and start by themselves", () => {
    expect(combineFeatures(["cockpit", "node-exporter"])).toMatchObject({
      packages: ["cockpit-bridge", "cockpit-system", "cockpit-ws", "prometheus-node-exporter"],
      links: [
        { path: "/usr/lib/systemd/system/sockets.target.wants/cockpit.socket" },
        { path: "/usr/lib/systemd/system/multi-user.target.wants/prometheus-node-exporter.service" },
      ],
    });
  });

  it("give a program that ships logs the journal, as no user in particular", () => {
    const unit = combineFeatures(["log-forwarder"]).files[0]?.contents ?? "";
    expect(unit).toContain("--output=json --quiet | exec /usr/libexec/igneous/log-forwarder");
    expect(unit).toContain("DynamicUser=yes");
  });

  it("bring a policy, ask the kernel for SELinux, and leave its mode to a file", () => {
    const { packages, kernelArguments, files } = combineFeatures([{ selinux: "enforcing" }]);
    expect(packages).toContain("selinux-policy-default");
    expect(kernelArguments).toEqual(["security=selinux"]);
    expect(files).toEqual([
      {
        path: "/usr/etc/selinux/config",
        mode: 0o644,
        contents: "SELINUX=enforcing\nSELINUXTYPE=default\n",
      },
    ]);
    expect(isLabelled([{ selinux: "permissive" }])).toBe(true);
    expect(isLabelled(names)).toBe(false);
  });

  it("wait for an agent of AWS that was put in, and are skipped without it", () => {
    const unit = combineFeatures(["ssm-agent"]).files[0]?.contents ?? "";
    expect(unit).toContain("ConditionPathExists=/usr/libexec/igneous/amazon-ssm-agent");
  });
});
