import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type BakePlan, requirePredecessor } from "../../src/commands/bake-plan.ts";
import { buildFolder } from "../../src/commands/build-folder.ts";
import { IgneousError } from "../../src/core/errors.ts";
import { commitTree } from "../../src/ostree/commit.ts";
import { openRepo } from "../../src/ostree/repo.ts";
import { digestOfDigit, sampleLock } from "../lock/sample-lock.ts";
import { temporaryFolder, testContext } from "../tools.ts";

const [build] = sampleLock.builds;

function plan(folder: string, predecessor: BakePlan["predecessor"]): BakePlan {
  const id = digestOfDigit("c");
  return {
    id,
    folder: buildFolder(folder, id, undefined),
    images: [],
    packages: 0,
    predecessor,
    recorded: undefined,
    bootTest: false,
    builder: "qemu",
    becomesAmi: false,
  };
}

describe("requirePredecessor", () => {
  it("gives the commit of the build before, and none for a first build", async () => {
    const folder = await temporaryFolder();
    const repo = await openRepo(testContext(), join(folder, "repo"));
    const tree = { kind: "directory", entries: new Map() } as const;
    const hostCommit = await commitTree(testContext(), repo, tree, { subject: "x", ref: "x" });
    if (build === undefined) throw new Error("the sample lock has a build");
    expect(requirePredecessor(plan(folder, { ...build, hostCommit } as never), repo)).toBe(hostCommit);
    expect(requirePredecessor(plan(folder, undefined), repo)).toBeNull();
  });

  it("refuses when the repo has not got it, with every way out", async () => {
    const folder = await temporaryFolder();
    const repo = await openRepo(testContext(), join(folder, "repo"));
    let refusal: unknown;
    try {
      requirePredecessor(plan(folder, build), repo);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(IgneousError);
    const { code, hint } = refusal as IgneousError;
    expect(code).toBe("predecessor-missing");
    expect(hint).toMatch(/ostree pull-local .* a{64}.*--no-predecessor/u);
  });
});
