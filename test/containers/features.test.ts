import { describe, expect, it } from "vitest";
import { combineFeatures, type FeatureName, features } from "../../src/containers/features.ts";

const names = Object.keys(features) as FeatureName[];

describe("features", () => {
  it("add nothing when none is named", () => {
    expect(combineFeatures([])).toEqual({ packages: [], files: [], links: [] });
  });

  it("write below /usr only", () => {
    const { files, links } = combineFeatures(names);
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

  it("wait for an agent of AWS that was put in, and are skipped without it", () => {
    const unit = combineFeatures(["ssm-agent"]).files[0]?.contents ?? "";
    expect(unit).toContain("ConditionPathExists=/usr/libexec/igneous/amazon-ssm-agent");
  });
});
