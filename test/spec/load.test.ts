import { describe, expect, it } from "vitest";
import { IgneousError } from "../../src/core/errors.ts";
import { renderReport } from "../../src/core/report.ts";
import { parseSpec } from "../../src/spec/load.ts";

const minimal = "schemaVersion: 1\nname: node\nkubernetes: { version: 1.34.1 }\n";

function refusal(source: string): string {
  try {
    parseSpec("igneous.yaml", source);
  } catch (error) {
    if (error instanceof IgneousError && error.report !== undefined) return renderReport(error.report);
    throw error;
  }
  throw new Error("the spec was accepted");
}

describe("parseSpec", () => {
  it("fills in the defaults of the least spec", () => {
    const { spec } = parseSpec("igneous.yaml", minimal);
    expect(spec.platform).toBe("linux/amd64");
    expect(spec.kubernetes.imageRepository).toBe("registry.k8s.io");
    expect(spec.base.debian.suite).toBe("trixie");
  });

  it("suggests the key that a misspelt one meant", () => {
    const text = refusal(`${minimal}containers:\n  etcd: { imge: "x" }\n`);
    expect(text).toContain("igneous.yaml:5:11: error: containers.etcd: unknown key 'imge'");
    expect(text).toContain("did you mean 'image'?");
  });

  it("refuses two containers with one name at the second", () => {
    expect(refusal(`${minimal}containers:\n  geth: {}\n  geth: {}\n`)).toContain(
      "igneous.yaml:6:3: error: 'geth' is there twice; one of them would be lost",
    );
  });

  it("names a wrong type and an unknown platform at their values, all at once", () => {
    const text = refusal(`${minimal}platform: linux/s390x\nbootTest: { cpus: two }\n`);
    expect(text).toContain("igneous.yaml:4:11: error: platform: ");
    expect(text).toContain("igneous.yaml:5:19: error: bootTest.cpus: expected number, received string");
  });

  it("refuses a version that YAML reads as a number", () => {
    expect(refusal("schemaVersion: 1\nname: node\nkubernetes: { version: 1.34 }\n")).toContain(
      "igneous.yaml:3:24: error: kubernetes.version: wanted a version",
    );
  });

  it("names the line of a syntax error", () => {
    expect(refusal("schemaVersion: 1\nname: [a\n")).toMatch(/igneous\.yaml:\d+:\d+: error: /u);
  });

  it("refuses a newer schema version", () => {
    expect(refusal(minimal.replace("schemaVersion: 1", "schemaVersion: 2"))).toContain(
      "this igneous reads schemaVersion 1",
    );
  });

  it("refuses an alias bomb instead of filling memory", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(",")}]`,
    );
    expect(() => parseSpec("igneous.yaml", `l0: &l0 x\n${levels.join("\n")}\n`)).toThrow(IgneousError);
  });
});
