import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { nextData, requestData, templateDifferences } from "../../src/aws/launch-template.ts";
import { planUserData } from "../../src/aws/launch-template-user-data.ts";
import { loadModel, shapeOf } from "../fakes/aws/model.ts";
import { requireTool } from "../tools.ts";
import { newImage, templateData } from "./fleets.ts";

/** Every path of a shape of EC2's model. */
function pathsOf(name: string, path = "", above: readonly string[] = []): readonly string[] {
  const model = loadModel("ec2");
  const shape = shapeOf(model, name);
  if (above.includes(name)) return [];
  const below = [...above, name];
  if (shape.type === "list") return pathsOf(shape.member?.shape ?? "", `${path}[]`, below);
  if (shape.type !== "structure") return [path];
  return Object.entries(shape.members ?? {}).flatMap(([member, { shape: inner }]) =>
    pathsOf(inner, path === "" ? member : `${path}.${member}`, below),
  );
}

describe("launch template data", () => {
  it("can all be carried over to a new version, but for what only answers have", () => {
    const answer = pathsOf("ResponseLaunchTemplateData");
    const question = new Set(pathsOf("RequestLaunchTemplateData"));
    expect(answer.filter((path) => !question.has(path))).toEqual([
      "NetworkInterfaces[].Ipv6Addresses[].IsPrimaryIpv6",
      "MetadataOptions.State",
      "Operator.Managed",
      "Operator.HiddenByDefault",
    ]);
    const carried = requestData({
      ...templateData,
      MetadataOptions: { State: "applied", HttpTokens: "optional" },
      NetworkInterfaces: [
        { DeviceIndex: 0, Ipv6Addresses: [{ Ipv6Address: "fd00::1", IsPrimaryIpv6: true }] },
      ],
      Operator: { Managed: true, Principal: "x" },
    } as never);
    expect(carried).toEqual({
      ...templateData,
      MetadataOptions: { HttpTokens: "optional" },
      NetworkInterfaces: [{ DeviceIndex: 0, Ipv6Addresses: [{ Ipv6Address: "fd00::1" }] }],
      Operator: { Principal: "x" },
    });
  });

  it("differs in the next version by image, IMDSv2, user data and tags, and in nothing else", () => {
    const next = nextData(templateData, {
      imageId: newImage,
      userData: planUserData("{}").base64,
      tags: { "igneous:build": "b" },
    });
    expect(templateDifferences(templateData, next)).toEqual([
      { field: "ImageId", from: templateData.ImageId, to: newImage },
      {
        field: "UserData",
        from: expect.stringMatching(/^sha256:[0-9a-f]{12}… \(32 bytes\)$/u),
        to: expect.stringMatching(/\(2 bytes\)$/u),
      },
      { field: "MetadataOptions.HttpTokens", from: "optional", to: "required" },
      { field: "TagSpecifications[instance].Tags.igneous:build", from: null, to: "b" },
      { field: "TagSpecifications[volume].ResourceType", from: null, to: "volume" },
      { field: "TagSpecifications[volume].Tags.igneous:build", from: null, to: "b" },
    ]);
  });

  const config = (size: number, noise: boolean): string => {
    const text = Array.from({ length: size / 8 }, (_, index) =>
      noise ? ((index * 2_654_435_761) % 4_294_967_291).toString(16).padStart(8, "0") : "abcdefgh",
    ).join("");
    const files = [{ path: "/etc/motd", mode: 420, contents: { source: `data:,${text}` } }];
    return JSON.stringify({ ignition: { version: "3.3.0" }, storage: { files } });
  };
  const decoded = (base64: string): string => Buffer.from(base64, "base64").toString();

  it("leaves a small launch config as it is, and packs a large one in the way that Ignition reads", () => {
    expect(decoded(planUserData(config(80, false)).base64)).toBe(config(80, false));
    const packed = decoded(planUserData(config(80_000, false)).base64);
    const { replace } = JSON.parse(packed).ignition.config;
    expect(replace.compression).toBe("gzip");
    const inside = Buffer.from(replace.source.replace("data:;base64,", ""), "base64");
    expect(gunzipSync(inside).toString()).toBe(config(80_000, false));
    execFileSync(requireTool("ignition-validate"), ["-"], { input: packed });
  });

  it("points to S3 with a hash when even that is too large, and says so when there is no bucket", () => {
    const large = config(80_000, true);
    expect(() => planUserData(large)).toThrow("EC2 takes 16384");
    const { base64, object } = planUserData(large, "s3://boot/mainnet/");
    const hash = createHash("sha512").update(large).digest("hex");
    expect(object).toEqual({ bucket: "boot", key: `mainnet/${hash}.ign`, body: large });
    expect(JSON.parse(decoded(base64)).ignition.config.replace).toEqual({
      source: `s3://boot/mainnet/${hash}.ign`,
      verification: { hash: `sha512-${hash}` },
    });
    execFileSync(requireTool("ignition-validate"), ["-"], { input: decoded(base64) });
  });
});
