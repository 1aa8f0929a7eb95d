import { describe, expect, it } from "vitest";
import { iamAction } from "../../src/aws/failure.ts";
import { imageBuilderPolicy } from "../../src/aws/iam-policy-image-builder.ts";
import { planImageBuilderCalls } from "../../src/aws/image-builder-calls.ts";
import { publishByImageBuilder } from "../../src/aws/image-builder-publish.ts";
import { home, operations, setting } from "./publishing.ts";
import { scheduled, testBuild } from "./image-builds.ts";

const everything = scheduled(
  testBuild({
    publish: {
      regions: [home, "us-east-1"],
      accounts: ["222233334444"],
      deprecateAfter: "90d",
      protect: true,
      ssmParameter: "/igneous/mainnet-node/ami",
    },
  }),
);

describe("a dry run of Image Builder", () => {
  it.each([
    ["the least that a spec says", testBuild()],
    ["a schedule, sharing, protection and a parameter", everything],
  ])("names each changing call that is then made: %s", async (_, build) => {
    const s = await setting();
    const planned = planImageBuilderCalls(build, new Date()).filter(({ service }) => service !== "s3");
    await publishByImageBuilder(s.context, s.aws, build);
    // Image Builder shares the AMIs itself; the pipeline is made before its first image.
    const made = operations(s.sim, true);
    expect(planned.map(({ operation }) => operation).toSorted()).toEqual(made.toSorted());
    expect(planned.map(({ action }) => action)).toContain("imagebuilder:CreateImage");
  });

  it("names the objects of the payload", () => {
    const stored = planImageBuilderCalls(testBuild(), new Date()).filter(({ service }) => service === "s3");
    expect(stored.map(({ action }) => action)).toEqual(Array.from({ length: 4 }, () => "s3:PutObject"));
    expect(stored[0]?.input).toEqual({
      Bucket: "payloads",
      Key: `igneous/${"1".repeat(64)}/payload.tar.gz`,
    });
  });
});

describe("iam-policy imagebuilder", () => {
  it("allows every call that a bake makes, also a failed one, and little that it does not", async () => {
    const s = await setting();
    s.sim.world.imageBuilder.plannedFailure = {
      workflow: "DISTRIBUTION",
      step: "DistributeOutputAMI",
      message: "us-east-1: the account may not copy there",
      region: "us-east-1",
    };
    await publishByImageBuilder(s.context, s.aws, everything);
    await publishByImageBuilder(s.context, s.aws, everything);
    const { specName, publish, imageBuilder } = everything;
    const allowed = imageBuilderPolicy(specName, publish, imageBuilder).Statement.flatMap(
      ({ Action }) => Action,
    );
    const called = s.sim.calls.map(({ service, operation }) => iamAction(service, operation));
    const byAws = [
      "iam:CreateServiceLinkedRole",
      "iam:PassRole",
      "imagebuilder:GetDistributionConfiguration",
      "imagebuilder:GetImageRecipe",
      "imagebuilder:GetInfrastructureConfiguration",
      "imagebuilder:TagResource",
    ];
    const forPayload = ["s3:AbortMultipartUpload", "s3:ListBucket", "s3:PutObject"];
    const spare = ["ec2:ModifyImageAttribute"];
    expect(new Set(allowed)).toEqual(new Set([...called, ...byAws, ...forPayload, ...spare]));
  });

  it("asks for nothing that the spec does not use", () => {
    const { specName, publish, imageBuilder } = testBuild();
    const statements = imageBuilderPolicy(specName, publish, imageBuilder).Statement;
    const actions = statements.flatMap(({ Action }) => Action);
    expect(
      actions.filter((action) => /^ssm:|Pipeline|Deprecation|Protection|s3:GetObject/u.test(action)),
    ).toEqual([]);
    for (const { Sid, Resource, Condition } of statements) {
      if (Condition === undefined) expect(Resource, Sid).not.toBe("*");
    }
  });
});
