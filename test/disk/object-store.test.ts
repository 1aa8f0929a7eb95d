import { describe, expect, it } from "vitest";
import { objectStore, storeHosts } from "../../src/disk/object-store.ts";

const object = { bucket: "launch", key: "a/b.ign", body: "{}" };
const hosts = storeHosts("launch", "eu-central-1");
const signed = "AWS4-HMAC-SHA256 Credential=ASIAX/20260101/eu-central-1/s3/aws4_request, Signature=0";

function ask(host: string, path: string, authorization = signed, method = "GET"): string {
  const headers: Readonly<Record<string, string>> = { host, authorization };
  const store = objectStore(object, "eu-central-1", "ASIAX");
  const { status, body } = store.answer({ method, path, header: (name) => headers[name] });
  expect(store.asked()).toEqual([`${method} ${host}${path} ${status}`]);
  return `${status} ${String(body)}`;
}

describe("objectStore", () => {
  it("gives its object by the bucket's own name and by its path", () => {
    expect(hosts).toContain("launch.s3.dualstack.eu-central-1.amazonaws.com");
    for (const host of hosts)
      expect(ask(host, host.startsWith("launch.") ? "/a/b.ign" : "/launch/a/b.ign?x-id=GetObject")).toBe(
        "200 {}",
      );
  });

  it("tells the bucket's region, and has nothing else", () => {
    expect(ask("s3.amazonaws.com", "/launch", signed, "HEAD")).toBe("200 ");
    expect(ask("s3.amazonaws.com", "/launch/a/c.ign")).toBe("404 ");
    expect(ask("s3.amazonaws.com", "/other/a/b.ign")).toBe("404 ");
  });

  it("gives nothing to who does not sign with the role's key", () => {
    expect(ask("launch.s3.amazonaws.com", "/a/b.ign", "")).toBe("403 ");
    expect(ask("launch.s3.amazonaws.com", "/a/b.ign", signed.replace("ASIAX", "ASIAY"))).toBe("403 ");
  });
});
