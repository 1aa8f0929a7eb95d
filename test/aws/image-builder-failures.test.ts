import { describe, expect, it } from "vitest";
import { distributeByImageBuilder } from "../../src/aws/image-builder-distribute.ts";
import { publishByImageBuilder } from "../../src/aws/image-builder-publish.ts";
import { madeBy, testBuild as build } from "./image-builds.ts";
import { home, setting } from "./publishing.ts";

describe("EC2 Image Builder on a bad day", () => {
  it("shows the step that failed and its message, and makes another image the next time", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "BUILD",
      step: "ApplyBuildComponents",
      message: "phase build, step Verify: payload.tar.gz: FAILED",
    };
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toThrow(
      /build workflow, step ApplyBuildComponents: phase build, step Verify: payload.tar.gz: FAILED/u,
    );
    s.sim.world.imageBuilder.plannedFailure = undefined;
    const { amis, recipeVersion } = await publishByImageBuilder(s.context, s.aws, build());
    expect(amis).toHaveLength(2);
    expect(recipeVersion).toBe("1.0.0");
  });

  it("publishes and records nothing of an image whose tests fail", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "TEST",
      step: "ApplyTestComponents",
      message: "usr-read-only: wanted an output that contains 'Read-only file system'",
    };
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toMatchObject({
      code: "image-builder-failed",
    });
    expect(s.sim.world.images.size).toBe(0);
  });

  it("keeps the regions that were reached, names the other one, and distributes again", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "DISTRIBUTION",
      step: "DistributeOutputAMI",
      message: "us-east-1: the account may not copy there",
      region: "us-east-1",
    };
    const { amis, failures } = await publishByImageBuilder(s.context, s.aws, build());
    expect(amis.map(({ region }) => region)).toEqual([home]);
    expect(failures).toEqual([
      expect.objectContaining({ region: "us-east-1", message: expect.stringContaining("may not copy") }),
    ]);
    const again = await publishByImageBuilder(s.context, s.aws, build());
    expect(again.failures).toEqual([]);
    expect(again.amis[0]).toEqual(amis[0]);
    expect(madeBy(s.sim).filter((name) => name.endsWith("Image"))).toEqual(["CreateImage", "RetryImage"]);
  });

  it("says that an image was cancelled", async () => {
    const s = await setting();
    s.sim.observe(({ operation }, phase) => {
      if (operation !== "ListWorkflowExecutions" || phase !== "after") return;
      for (const image of s.sim.world.imageBuilder.images.values()) image.cancelledAt = 1;
    });
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toThrow(/was cancelled/u);
  });

  it("names the instance profile that does not exist", async () => {
    const s = await setting();
    const wrong = build({ imageBuilder: { ...build().imageBuilder, instanceProfile: "nobody" } });
    await expect(publishByImageBuilder(s.context, s.aws, wrong)).rejects.toThrow(/nobody does not exist/u);
  });

  it("says that a quota is used up", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.recipeQuota = 0;
    await expect(publishByImageBuilder(s.context, s.aws, build())).rejects.toMatchObject({
      code: "aws-quota",
    });
  });

  it("names the role that distribution needs", async () => {
    const s = await setting();
    await expect(distributeByImageBuilder(s.context, s.aws, build(), "ami-1")).rejects.toThrow(
      /names no role that may distribute/u,
    );
  });
});
