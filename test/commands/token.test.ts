import { describe, expect, it } from "vitest";
import { makeToken, parseJoin } from "../../src/commands/token.ts";
import { testContext } from "../tools.ts";

const certificate = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";

describe("parseJoin", () => {
  it("tells the lines of node.conf from the cluster's certificate", () => {
    const nodeConfig = [
      "IGNEOUS_API_SERVER=10.0.0.1:6443",
      "IGNEOUS_BOOTSTRAP_TOKEN=abcdef.0123456789abcdef",
    ];
    expect(parseJoin(`${nodeConfig.join("\n")}\n${certificate}`)).toEqual({
      nodeConfig,
      clusterCa: certificate,
    });
  });

  it("takes nothing else for a token", () => {
    expect(() => parseJoin("curl: (7) refused\n")).toThrow("something else");
    expect(() => parseJoin(`rm -rf /\n${certificate}`)).toThrow("something else");
  });
});

describe("makeToken", () => {
  it("refuses what is no host", async () => {
    const options = { host: "node-1", hours: 1, key: undefined };
    await expect(makeToken(testContext(), options)).rejects.toMatchObject({ code: "usage" });
  });
});
