import { describe, expect, it } from "vitest";
import { nextData, requestData, templateDifferences } from "../../src/aws/launch-template.ts";
import { encodeUserData } from "../../src/aws/launch-template-user-data.ts";
import { loadModel, shapeOf } from "../fakes/aws/model.ts";
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
      userData: encodeUserData("{}"),
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

  it("packs a launch config that is too large, and refuses one that is too large even then", () => {
    expect(Buffer.from(encodeUserData("{}"), "base64").toString()).toBe("{}");
    const large = Buffer.from(encodeUserData("x".repeat(100_000)), "base64");
    expect([large[0], large[1]]).toEqual([0x1f, 0x8b]);
    const noise = Array.from({ length: 20_000 }, (_, index) => (index * 2_654_435_761) % 4_294_967_291);
    expect(() => encodeUserData(noise.join(""))).toThrow("EC2 takes 16384");
  });
});
