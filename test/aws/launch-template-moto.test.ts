import { EC2 } from "@aws-sdk/client-ec2";
import { expect, it, onTestFinished } from "vitest";
import { createVersion, findVersionData, setDefaultVersion } from "../../src/aws/launch-template-version.ts";
import { isSameData, nextData, requestData } from "../../src/aws/launch-template.ts";
import { noRetries } from "../../src/aws/retry.ts";
import { openAws } from "../../src/aws/session.ts";
import { startMoto } from "../fakes/aws/moto.ts";
import { testContext } from "../tools.ts";
import { newImage, region, templateData } from "./fleets.ts";

it("a version made on moto, which merges nothing, holds all that the running one had", async () => {
  const moto = await startMoto();
  onTestFinished(() => moto.stop());
  const env = { AWS_ENDPOINT_URL: moto.endpoint, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const aws = openAws({ ...testContext(), env }, { retries: noRetries });
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const ec2 = new EC2({ region, endpoint: moto.endpoint, credentials, maxAttempts: 1 });
  const { LaunchTemplate } = await ec2.createLaunchTemplate({
    LaunchTemplateName: "nodes",
    LaunchTemplateData: templateData,
  });
  const templateId = LaunchTemplate?.LaunchTemplateId ?? "";
  const running = await findVersionData(aws, region, templateId, "1");
  const data = nextData(requestData(running ?? {}), { imageId: newImage, tags: { "igneous:build": "b" } });
  const version = await createVersion(aws, {
    region,
    templateId,
    from: 1,
    description: "igneous build b",
    data,
  });
  await setDefaultVersion(aws, region, templateId, version);
  const { LaunchTemplateVersions } = await ec2.describeLaunchTemplateVersions({
    LaunchTemplateId: templateId,
    Versions: ["$Default"],
  });
  const [made] = LaunchTemplateVersions ?? [];
  expect(made?.VersionNumber).toBe(2);
  const wanted = nextData(templateData, { imageId: newImage, tags: { "igneous:build": "b" } });
  expect(isSameData(requestData(made?.LaunchTemplateData ?? {}), wanted)).toBe(true);
  expect(await findVersionData(aws, region, templateId, "3")).toBeUndefined();
});
