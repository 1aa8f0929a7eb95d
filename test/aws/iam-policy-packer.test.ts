import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/aws/iam-policy.ts";
import { packerProjectPolicy } from "../../src/commands/packer-policy.ts";
import { loadProject } from "../../src/commands/project.ts";
import { requirePythonTool } from "../fakes/aws/python.ts";
import { combinations, filter, head } from "../packer/rendered.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const execute = promisify(execFile);

async function policyOf(spec: string, packerVersion: string): Promise<Policy> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "igneous.yaml"), spec);
  return packerProjectPolicy(testContext(), await loadProject(folder), packerVersion);
}

const everything = combinations["an AMI and every option"] ?? "";
const region = "    region: eu-central-1\n";

function actionsOf({ Statement }: Policy): readonly string[] {
  return [...new Set(Statement.flatMap(({ Action }) => Action))].sort();
}

/** Actions that are allowed for whatever is asked for, not for what carries the spec's tag or a name of Packer's. */
function unscoped({ Statement }: Policy): readonly string[] {
  const scoped = /(?:ResourceTag|RequestTag|resourceTag)\/igneous:spec|key-pair\/packer_\*/u;
  return Statement.filter((statement) => !scoped.test(JSON.stringify(statement))).flatMap(
    ({ Action }) => Action,
  );
}

describe("iam-policy packer", () => {
  it.each([
    ["1.6.6", "little", `${head}${filter}${region}`],
    ["1.11.2", "little", `${head}${filter}${region}`],
    ["1.6.6", "everything", everything],
    ["1.11.2", "everything", everything],
  ])(
    "for Packer %s and a spec that says %s: cfn-lint knows each action and condition",
    async (version, _, spec) => {
      const folder = await temporaryFolder();
      const template = join(folder, "template.json");
      const Properties = { PolicyDocument: await policyOf(spec, version) };
      const Resources = { Packer: { Type: "AWS::IAM::ManagedPolicy", Properties } };
      await writeFile(template, JSON.stringify({ AWSTemplateFormatVersion: "2010-09-09", Resources }));
      const argv = ["--include-checks", "I", "--", template];
      expect((await execute(requirePythonTool("cfn-lint"), argv)).stdout).toBe("");
    },
  );

  it("asks for nothing that the spec does not use", async () => {
    const actions = actionsOf(await policyOf(`${head}${filter}${region}`, "1.6.6"));
    expect(
      actions.filter((action) =>
        /^(?:iam|kms|ssm)|KeyPair$|Copy|Fleet|Template|Subnets|Modify|Deprec/u.test(action),
      ),
    ).toEqual([]);
    expect(actions).toContain("ec2:CreateSecurityGroup");
  });

  it("has what a profile, a session, spot, keys, a subnet and groups of its own need", async () => {
    const policy = await policyOf(everything, "1.11.2");
    expect(actionsOf(policy)).toEqual(
      expect.arrayContaining([
        "ec2:CopyImage",
        "ec2:CreateFleet",
        "ec2:CreateKeyPair",
        "ec2:DescribeSubnets",
        "ec2:EnableImageDeprecation",
        "ec2:ModifyImageAttribute",
        "iam:GetInstanceProfile",
        "iam:PassRole",
        "kms:CreateGrant",
        "ssm:StartSession",
        "ssm:TerminateSession",
      ]),
    );
    expect(actionsOf(policy)).not.toContain("ec2:CreateSecurityGroup");
    const text = JSON.stringify(policy);
    for (const resource of [
      ":image/ami-0123456789abcdef0",
      ":subnet/subnet-0123456789abcdef0",
      ":security-group/sg-0123456789abcdef0",
      ":instance-profile/packer",
      ":role/packer",
    ])
      expect(text).toContain(resource);
  });

  it("with a Packer that tags what it makes, changes and removes only what carries the spec's tag", async () => {
    const spec = `${head}${filter}${region}`;
    const free = unscoped(await policyOf(spec, "1.11.2")).filter(
      (action) => !action.startsWith("ec2:Describe"),
    );
    // Instances are made with these of others; snapshots and images by their maker alone, in one region.
    expect(new Set(free)).toEqual(
      new Set(["ec2:CreateImage", "ec2:CreateSecurityGroup", "ec2:RunInstances"]),
    );
    const old = unscoped(await policyOf(spec, "1.6.6"));
    for (const action of ["ec2:DeleteSecurityGroup", "ec2:DeregisterImage"]) expect(old).toContain(action);
  });
});
