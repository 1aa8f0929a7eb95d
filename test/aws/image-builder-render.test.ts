import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { renderCliInputs, renderCloudFormation } from "../../src/aws/image-builder-render.ts";
import { prettyJson } from "../../src/core/json.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { temporaryFolder } from "../tools.ts";
import { scheduled, testBuild } from "./image-builds.ts";
import { home, setting } from "./publishing.ts";

const execute = promisify(execFile);

const everything = scheduled(
  testBuild({
    publish: {
      regions: [home, "us-east-1"],
      accounts: ["222233334444"],
      organizations: ["arn:aws:organizations::111122223333:organization/o-abcdefghij"],
      kmsKeys: { [home]: `arn:aws:kms:${home}:111122223333:key/00000000-0000-4000-8000-00000000000b` },
      encrypted: true,
      tags: { team: "nodes" },
      ssmParameter: "/igneous/mainnet-node/ami",
    },
    imageBuilder: {
      ...testBuild().imageBuilder,
      executionRole: "igneous-distribution",
      instanceTypes: ["m6i.large"],
      subnet: "subnet-0123456789abcdef0",
      securityGroups: ["sg-0123456789abcdef0"],
      logs: "s3://logs/image-builder",
      launchTemplates: [{ id: "lt-0123456789abcdef0", region: home, setDefault: false }],
    },
  }),
);

describe("render for EC2 Image Builder", () => {
  it.each([
    ["the least that a spec says", testBuild()],
    ["everything that a spec can say", everything],
  ])("cfn-lint finds nothing in the template of %s", async (_, build) => {
    const folder = await temporaryFolder();
    const template = join(folder, "template.json");
    await writeFile(template, prettyJson(renderCloudFormation(build, { version: "1.0.3" })));
    const { stdout } = await execute(requirePythonTool("cfn-lint"), ["--regions", home, "--", template]);
    expect(stdout).toBe("");
  });

  it("the aws command makes everything from the rendered inputs", async () => {
    const { sim, context } = await setting();
    const folder = await temporaryFolder();
    await mkdir(join(folder, "home"));
    const files = renderCliInputs(everything, { version: "1.0.3", account: "111122223333" });
    for (const [name, input] of Object.entries(files)) {
      await writeFile(join(folder, name), prettyJson(input));
      const operation = name.replace(/^\d-|\.json$/gu, "");
      const options = ["--region", home, "--cli-input-json", `file://${join(folder, name)}`];
      const env = { ...context.env, HOME: join(folder, "home") };
      await execute(requirePythonTool("aws"), ["imagebuilder", operation, ...options], { env });
    }
    const { images, pipelines } = sim.world.imageBuilder;
    expect(Array.from(images.keys(), (arn) => arn.split(":").at(-1))).toEqual([
      "image/igneous-mainnet-node/1.0.3/1",
    ]);
    expect(pipelines.size).toBe(1);
  });
});
