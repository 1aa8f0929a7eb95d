import { describe, expect, it } from "vitest";
import { renderDocument, documentLimit } from "../../src/aws/image-builder-document.ts";
import { distributeByImageBuilder } from "../../src/aws/image-builder-distribute.ts";
import { publishByImageBuilder } from "../../src/aws/image-builder-publish.ts";
import { publishBuild } from "../../src/aws/publish-build.ts";
import { madeBy, otherPayload, scheduled, testBuild as build } from "./image-builds.ts";
import { home, setting } from "./publishing.ts";

describe("EC2 Image Builder", () => {
  it("makes component, recipe, configurations and image, and reports the AMI of every region", async () => {
    const s = await setting();
    const result = await publishByImageBuilder(s.context, s.aws, build());
    expect(result).toMatchObject({ componentVersion: "1.0.0", recipeVersion: "1.0.0", failures: [] });
    expect(result.amis.map(({ region }) => region)).toEqual([home, "us-east-1"]);
    for (const { amiId } of result.amis) {
      const tags = Object.fromEntries(s.sim.world.images.get(amiId)?.tags ?? []);
      expect(tags).toMatchObject({ "igneous:build": build().buildId, "igneous:spec": "mainnet-node" });
    }
    expect(madeBy(s.sim)).toEqual([
      "CreateComponent",
      "CreateImageRecipe",
      "CreateInfrastructureConfiguration",
      "CreateDistributionConfiguration",
      "CreateImage",
    ]);
  });

  it("makes nothing twice when it is run again", async () => {
    const s = await setting();
    const first = await publishByImageBuilder(s.context, s.aws, build());
    s.sim.calls.length = 0;
    expect(await publishByImageBuilder(s.context, s.aws, build())).toEqual(first);
    expect(madeBy(s.sim)).toEqual([]);
  });

  it("uses a version with the same content again and makes the next patch for another", async () => {
    const s = await setting();
    await publishByImageBuilder(s.context, s.aws, build());
    const next = await publishByImageBuilder(s.context, s.aws, otherPayload);
    expect(next).toMatchObject({ componentVersion: "1.0.1", recipeVersion: "1.0.1" });
    const back = await publishByImageBuilder(s.context, s.aws, build());
    expect(back).toMatchObject({ componentVersion: "1.0.0", recipeVersion: "1.0.0" });
  });

  it("passes over a version that somebody else made with other content", async () => {
    const s = await setting();
    const api = await s.aws.imageBuilder(home);
    await api.createComponent({
      name: "igneous-mainnet-node",
      semanticVersion: "1.4.0",
      platform: "Linux",
      data: "schemaVersion: 1.0\nphases: []\n",
      clientToken: "by-hand",
    });
    const { componentVersion } = await publishByImageBuilder(s.context, s.aws, build());
    expect(componentVersion).toBe("1.4.1");
  });

  it("takes the next version when another process takes the one before it", async () => {
    const s = await setting();
    s.sim.faults.add({
      operation: "CreateImageRecipe",
      times: 1,
      effect: { kind: "error", code: "ResourceAlreadyExistsException" },
    });
    const { recipeVersion } = await publishByImageBuilder(s.context, s.aws, build());
    expect(recipeVersion).toBe("1.0.0");
  });

  it("goes on waiting for the image that a stopped run began", async () => {
    const s = await setting();
    const stop = new AbortController();
    s.sim.observe(({ operation }) => {
      if (operation === "GetImage") stop.abort(new Error("Ctrl-C"));
    });
    const { signal } = stop;
    const { openAws } = await import("../../src/aws/session.ts");
    const context = { ...s.context, signal };
    const aws = openAws(context, { clock: s.sim.clock });
    await expect(publishByImageBuilder(context, aws, build())).rejects.toThrow("Ctrl-C");
    s.sim.observe(undefined);
    expect(s.context.events).toContainEqual(
      expect.objectContaining({ type: "warning", message: expect.stringContaining("goes on being built") }),
    );
    const { failures } = await publishByImageBuilder(s.context, s.aws, build());
    expect(failures).toEqual([]);
    expect(madeBy(s.sim).filter((name) => name === "CreateImage")).toHaveLength(1);
  });

  it("keeps a pipeline with the newest recipe when the spec has a schedule", async () => {
    const s = await setting();
    const first = await publishByImageBuilder(s.context, s.aws, scheduled(build()));
    const second = await publishByImageBuilder(s.context, s.aws, scheduled(otherPayload));
    expect(second.pipelineArn).toBe(first.pipelineArn);
    const [pipeline] = s.sim.world.imageBuilder.pipelines.values();
    expect(pipeline?.input.imageRecipeArn).toMatch(/image-recipe\/igneous-mainnet-node\/1\.0\.1$/u);
  });

  it("distributes an AMI that another builder made, once", async () => {
    const s = await setting({ regions: [home] });
    const { amis } = await publishBuild(s.context, s.aws, await s.bake("b1", "a 0 b"));
    const imageBuilder = { ...build().imageBuilder, executionRole: "igneous-distribution" };
    const wanted = build({ imageBuilder });
    const first = await distributeByImageBuilder(s.context, s.aws, wanted, amis[0]?.amiId ?? "");
    expect(first.amis.map(({ region }) => region)).toEqual(["us-east-1"]);
    expect(first.failures).toEqual([]);
    expect(await distributeByImageBuilder(s.context, s.aws, wanted, amis[0]?.amiId ?? "")).toEqual(first);
    expect(s.sim.world.imageBuilder.images.size).toBe(1);
  });

  it("writes a component document that fits inline", () => {
    expect(renderDocument(build()).length).toBeLessThan(documentLimit);
    expect(renderDocument(build())).toMatchInlineSnapshot(`
      "name: igneous-mainnet-node
      description: payload cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
      schemaVersion: "1.0"
      phases:
        - name: build
          steps:
            - name: Folder
              action: ExecuteBash
              timeoutSeconds: 3600
              onFailure: Abort
              inputs:
                commands:
                  - |-
                    set -eu
                    install -d -m 0700 /var/tmp/igneous
            - name: Fetch
              action: S3Download
              maxAttempts: 3
              onFailure: Abort
              inputs:
                - source: s3://payloads/igneous/1111111111111111111111111111111111111111111111111111111111111111/payload.tar.gz
                  destination: /var/tmp/igneous/payload.tar.gz
                - source: s3://payloads/igneous/2222222222222222222222222222222222222222222222222222222222222222/apply
                  destination: /var/tmp/igneous/apply
                - source: s3://payloads/igneous/3333333333333333333333333333333333333333333333333333333333333333/seal
                  destination: /var/tmp/igneous/seal
            - name: Verify
              action: ExecuteBash
              timeoutSeconds: 3600
              onFailure: Abort
              inputs:
                commands:
                  - |-
                    set -eu
                    echo "1111111111111111111111111111111111111111111111111111111111111111  /var/tmp/igneous/payload.tar.gz" | sha256sum --check -
                    echo "2222222222222222222222222222222222222222222222222222222222222222  /var/tmp/igneous/apply" | sha256sum --check -
                    echo "3333333333333333333333333333333333333333333333333333333333333333  /var/tmp/igneous/seal" | sha256sum --check -
            - name: Apply
              action: ExecuteBash
              timeoutSeconds: 3600
              onFailure: Abort
              inputs:
                commands:
                  - |-
                    set -eu
                    IGNEOUS_PAYLOAD_SHA256=1111111111111111111111111111111111111111111111111111111111111111 sh /var/tmp/igneous/apply /var/tmp/igneous
        - name: validate
          steps:
            - name: PayloadIsDeployed
              action: ExecuteBash
              timeoutSeconds: 3600
              onFailure: Abort
              inputs:
                commands:
                  - |-
                    set -eu
                    commit=$(ostree admin status | sed -n 's/^[* ] [^ ]* \\([0-9a-f]\\{64\\}\\)\\..*/\\1/p' | head -n 1)
                    found=$(ostree show --repo=/sysroot/ostree/repo --print-metadata-key=igneous.payload "$commit")
                    echo "the next deployment is $commit with payload $found"
                    [ "$found" = "'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc'" ]
            - name: Seal
              action: ExecuteBash
              timeoutSeconds: 3600
              onFailure: Abort
              inputs:
                commands:
                  - |-
                    set -eu
                    sh /var/tmp/igneous/seal /var/tmp/igneous
        - name: test
          steps:
            - name: Folder
              action: ExecuteBash
              timeoutSeconds: 3600
              onFailure: Abort
              inputs:
                commands:
                  - |-
                    set -eu
                    install -d -m 0700 /var/tmp/igneous
            - name: Fetch
              action: S3Download
              maxAttempts: 3
              onFailure: Abort
              inputs:
                - source: s3://payloads/igneous/4444444444444444444444444444444444444444444444444444444444444444/check
                  destination: /var/tmp/igneous/check
            - name: Verify
              action: ExecuteBash
              timeoutSeconds: 3600
              onFailure: Abort
              inputs:
                commands:
                  - |-
                    set -eu
                    echo "4444444444444444444444444444444444444444444444444444444444444444  /var/tmp/igneous/check" | sha256sum --check -
            - name: Check
              action: ExecuteBash
              timeoutSeconds: 3600
              onFailure: Abort
              inputs:
                commands:
                  - |-
                    set -eu
                    sh /var/tmp/igneous/check
      "
    `);
  });
});
