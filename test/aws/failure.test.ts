import { describe, expect, it } from "vitest";
import { awsFailure } from "../../src/aws/failure.ts";

const call = { service: "ec2", region: "eu-central-1", operation: "DescribeImages", input: {} };

describe("a call that reached nobody", () => {
  it.each([
    ["one address", Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" })],
    ["several addresses", Object.assign(new AggregateError([]), { code: "ECONNREFUSED" })],
  ])("is told with what is known and nothing empty: %s", (_, error) => {
    const failure = awsFailure(error, call);
    expect(failure).toMatchObject({ code: "aws-unreachable" });
    expect((failure as Error).message).toMatch(
      /^ec2:DescribeImages in eu-central-1 failed: (?:connect )?ECONNREFUSED/u,
    );
    expect((failure as Error).message).not.toMatch(/: *:|: *$/u);
  });
});
