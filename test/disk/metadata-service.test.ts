import { describe, expect, it } from "vitest";
import { expectedHostname, formOf, longConfig, longForms, withLogin } from "../../src/disk/ec2-config.ts";
import { planUserData } from "../../src/aws/launch-template-user-data.ts";
import { metadataService } from "../../src/disk/metadata-service.ts";
import { serveHttp } from "../../src/host/http-server.ts";

const instance = { userData: Buffer.from("{}"), region: "eu-central-1", instanceType: "m6i.large" };

describe("metadataService", () => {
  it("wants a token first, as version 2 does, and answers only what is there", async () => {
    const service = metadataService(instance);
    const server = await serveHttp(service.answer);
    const at = (path: string): string => `http://127.0.0.1:${server.port}${path}`;
    try {
      expect((await fetch(at("/latest/user-data"))).status).toBe(401);
      expect((await fetch(at("/latest/api/token"), { method: "PUT" })).status).toBe(400);
      const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
      const token = await (await fetch(at("/latest/api/token"), { method: "PUT", headers: ttl })).text();
      const get = (path: string): Promise<Response> =>
        fetch(at(path), { headers: { "x-aws-ec2-metadata-token": token } });
      expect(await (await get("/2019-10-01/user-data")).text()).toBe("{}");
      const document = await (await get("/latest/dynamic/instance-identity/document")).json();
      expect(document).toMatchObject({ region: "eu-central-1", instanceType: "m6i.large" });
      expect((await get("/latest/meta-data/iam/")).status).toBe(404);
      expect((await fetch(at("/latest/user-data"), { method: "POST" })).status).toBe(405);
    } finally {
      await server.close();
    }
    expect(service.asked().slice(0, 2)).toEqual(["GET /latest/user-data 401", "PUT /latest/api/token 400"]);
  });
});

describe("the launch configuration of the EC2 boot", () => {
  const config = JSON.stringify({
    ignition: { version: "3.3.0" },
    passwd: { users: [{ name: "core", groups: ["sudo"], sshAuthorizedKeys: ["a"] }, { name: "x" }] },
    storage: { files: [{ path: "/etc/hostname", contents: { source: "data:,node-1%0A" } }] },
  });

  it("gains a login of core and loses nothing", () => {
    const users = JSON.parse(withLogin(config, "b")).passwd.users;
    expect(users).toEqual([{ name: "x" }, { name: "core", groups: ["sudo"], sshAuthorizedKeys: ["a", "b"] }]);
    expect(JSON.parse(withLogin('{"ignition":{}}', "b")).passwd.users).toHaveLength(1);
  });

  it("shows which form its user data takes, and there is one for each form", () => {
    const form = (text: string): string | undefined => formOf(planUserData(text, "s3://launch/configs"));
    expect(form(config)).toBeUndefined();
    for (const long of longForms) expect(form(longConfig(config, long))).toBe(long);
    expect(JSON.parse(longConfig(config, "gzip")).ignition.version).toBe("3.3.0");
  });

  it("tells the host name that it gives, when it gives one", () => {
    expect(expectedHostname(config)).toBe("node-1");
    expect(expectedHostname('{"ignition":{}}')).toBeUndefined();
  });
});
