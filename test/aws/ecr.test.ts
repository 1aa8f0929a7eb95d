import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ecrCredentials, findEcrRegion } from "../../src/aws/ecr.ts";
import { type Moto, startMoto } from "../fakes/aws/moto.ts";
import { testContext } from "../tools.ts";

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
});
afterAll(() => moto.stop());

describe("ecrCredentials", () => {
  it("gets the password of a private registry from moto", async () => {
    const context = testContext();
    const env = {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ACCESS_KEY_ID: "AKIATEST",
      AWS_SECRET_ACCESS_KEY: "secret",
    };
    const registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    const credentials = await ecrCredentials({ ...context, env: { ...context.env, ...env } }, registry);
    expect(credentials).toMatchObject({ kind: "password", username: "AWS" });
    expect(credentials?.password).not.toBe("");
  });

  it("has nothing for any other registry, however much its name looks like ECR's", async () => {
    expect(findEcrRegion("123456789012.dkr.ecr.eu-central-1.amazonaws.com")).toBe("eu-central-1");
    expect(findEcrRegion("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn")).toBe("cn-north-1");
    for (const host of [
      "docker.io",
      "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example",
      "public.ecr.aws",
    ]) {
      expect(findEcrRegion(host)).toBeUndefined();
      expect(await ecrCredentials(testContext(), host)).toBeUndefined();
    }
  });
});
