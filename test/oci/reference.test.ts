import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IgneousError } from "../../src/core/errors.ts";
import { formatReference, parseReference } from "../../src/oci/reference.ts";

const digest = `sha256:${"a1".repeat(32)}`;

describe("parseReference", () => {
  it.each([
    ["alpine", "docker.io/library/alpine:latest"],
    ["alpine:3", "docker.io/library/alpine:3"],
    ["me/app", "docker.io/me/app:latest"],
    ["index.docker.io/me/app", "docker.io/me/app:latest"],
    ["docker.io/alpine", "docker.io/library/alpine:latest"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"],
    ["[::1]:5000/a/b", "[::1]:5000/a/b:latest"],
    [`quay.io/a/b@${digest}`, `quay.io/a/b@${digest}`],
    [`quay.io/a/b:v1@${digest}`, `quay.io/a/b:v1@${digest}`],
    ["a/b__c/d-e.f", "docker.io/a/b__c/d-e.f:latest"],
    ["oci:images/etcd", "oci:images/etcd"],
    ["oci:/abs/images:v1", "oci:/abs/images:v1"],
    ["oci:images:docker.io/library/app:v1", "oci:images:docker.io/library/app:v1"],
    [`oci:images@${digest}`, `oci:images@${digest}`],
    ["oci:a@b:v1", "oci:a@b:v1"],
  ])("reads %s as %s", (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  it.each([
    "",
    ":v1",
    "app:",
    "App",
    "host.io/App",
    "a//b",
    "a/b:",
    "a/b:-v",
    `a/b:${"x".repeat(129)}`,
    `a/${"b".repeat(256)}`,
    "a/b@sha256:12",
    `a/b@sha512:${"a".repeat(128)}`,
    `a/b@${digest.toUpperCase()}`,
    "a/b@latest",
    "https://host/a",
    "host:port/a",
    "host:123456/a",
    "-host.io/a",
    "a b",
    "a/../b",
    "oci:",
    "oci::v1",
    "oci:x:",
    "a\n",
  ])("refuses %j", (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "reference-invalid" }));
  });

  it("reads back what it writes, and throws nothing but its own error", () => {
    const likely = fc.stringMatching(/^[a-zA-Z0-9./:@_-]{0,60}$/u);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "grapheme" }), likely), (text) => {
        try {
          const reference = parseReference(text);
          expect(parseReference(formatReference(reference))).toEqual(reference);
        } catch (error) {
          if (!(error instanceof IgneousError)) throw error;
          expect(error.code).toBe("reference-invalid");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
