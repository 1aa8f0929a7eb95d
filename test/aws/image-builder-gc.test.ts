import { describe, expect, it } from "vitest";
import { publishByImageBuilder } from "../../src/aws/image-builder-publish.ts";
import { applyGc, planGarbage } from "../../src/commands/gc.ts";
import { otherPayload, testBuild } from "./image-builds.ts";
import { home, operations, type Setting, setting } from "./publishing.ts";

const day = 86_400_000;

async function plan(s: Setting, arns: readonly string[], olderThanMs = 0) {
  s.sim.clock.advance(day);
  const imageBuilder = { region: home, arns };
  const request = {
    specName: "mainnet-node",
    builds: [],
    regions: [home],
    imageBuilder,
    keep: 0,
    olderThanMs,
  };
  return planGarbage(s.context, request, s.aws);
}

const kinds = (items: readonly { readonly kind: string }[]): readonly string[] =>
  items.map(({ kind }) => kind).filter((kind) => kind !== "ami" && kind !== "snapshot");

describe("gc of EC2 Image Builder", () => {
  it("removes what no image of the lock is made of, users before what they use", async () => {
    const s = await setting();
    await publishByImageBuilder(s.context, s.aws, testBuild());
    const current = await publishByImageBuilder(s.context, s.aws, otherPayload);
    const found = await plan(s, [current.imageArn]);
    expect(kinds(found.remove)).toEqual(["image", "recipe", "component", "distribution"]);
    // The infrastructure is the same for both.
    expect(kinds(found.kept)).toEqual(["image", "recipe", "component", "distribution", "infrastructure"]);
    const { failures } = await applyGc(s.context, found, s.aws);
    expect(failures).toEqual([]);
    const { images, recipes, components } = s.sim.world.imageBuilder;
    expect([images.size, recipes.size, components.size]).toEqual([1, 1, 1]);
    expect(operations(s.sim).filter((name) => /^Delete(?!Snapshot)/u.test(name))).toEqual([
      "DeleteImage",
      "DeleteImageRecipe",
      "DeleteComponent",
      "DeleteDistributionConfiguration",
    ]);
    const again = await publishByImageBuilder(s.context, s.aws, otherPayload);
    expect(again.imageArn).toBe(current.imageArn);
  });

  it("keeps everything of an image that is being built, and what is young", async () => {
    const s = await setting();
    const { imageArn } = await publishByImageBuilder(s.context, s.aws, testBuild());
    expect(kinds((await plan(s, [], 7 * day)).remove)).toEqual([]);
    const image = s.sim.world.imageBuilder.images.get(imageArn);
    if (image === undefined) throw new Error("no image");
    image.startedAt = s.sim.clock.now() + day - 60_000;
    expect(kinds((await plan(s, [])).remove)).toEqual([]);
  });

  it("leaves what another spec owns alone", async () => {
    const s = await setting();
    await publishByImageBuilder(s.context, s.aws, { ...testBuild(), specName: "other-node" });
    expect(kinds((await plan(s, [])).remove)).toEqual([]);
  });
});
