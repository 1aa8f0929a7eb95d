import { describe, expect, it } from "vitest";
import { documentLimit, renderDocument } from "../../src/aws/image-builder-document.ts";
import { documentProblems } from "../fakes/aws/component-document.ts";
import { otherPayload, testBuild } from "./image-builds.ts";

const good = renderDocument(testBuild());

/** What AWS would refuse, or pass over in silence, each made of a good document by one change. */
const broken: readonly (readonly [string, string, string, RegExp])[] = [
  ["another schema version", 'schemaVersion: "1.0"', 'schemaVersion: "2.0"', /schemaVersion is not 1\.0/u],
  ["no schema version", 'schemaVersion: "1.0"\n', "", /schemaVersion is not 1\.0/u],
  ["a phase that nobody runs", "name: validate", "name: verify", /runs no phase verify/u],
  ["a phase twice", "name: validate", "name: build", /phase build twice/u],
  ["a step twice in a phase", "name: Verify", "name: Fetch", /step Fetch twice/u],
  ["a step without a name", "- name: Folder\n        action", "- action", /not a name/u],
  ["a name that no expression can hold", "name: Apply", "name: Apply it", /step Apply it: not a name/u],
  ["an action that there is not", "action: ExecuteBash", "action: RunBash", /no action RunBash/u],
  [
    "an action of Windows",
    "action: ExecuteBash",
    "action: ExecutePowerShell",
    /no action ExecutePowerShell/u,
  ],
  ["an unknown reaction", "onFailure: Abort", "onFailure: Stop", /onFailure is Stop/u],
  ["a time limit of nothing", "timeoutSeconds: 3600", "timeoutSeconds: 0", /timeoutSeconds is 0/u],
  ["a time limit with a unit", "timeoutSeconds: 3600", "timeoutSeconds: 60m", /timeoutSeconds is 60m/u],
  ["no attempt at all", "maxAttempts: 3", "maxAttempts: 0", /maxAttempts is 0/u],
  ["a misspelt key", "onFailure: Abort", "onfailure: Abort", /unknown key onfailure/u],
  ["commands that are no list", "commands:\n            - |-", "commands: |-", /input commands is/u],
  ["a download from elsewhere", "source: s3://", "source: https://", /input source is "https:/u],
  ["a download without a place", "destination: /var", "destinations: /var", /input destination is missing/u],
  ["a relative destination", "destination: /var/", "destination: var/", /input destination is "var/u],
  ["an expression by accident", "set -eu", "set -eu; echo {{ x }}", /expression that nothing defines/u],
  ["the code that restarts a machine", "set -eu", "set -eu; exit 194", /exit 194/u],
  ["phases that are none", "phases:\n", "phases: []\nrest:\n", /wanted a list of mappings/u],
  ["a key twice", "phases:", "description: x\nphases:", /no YAML/u],
];

describe("the component document beside AWSTOE's published rules", () => {
  it.each([
    ["the least that a spec says", testBuild()],
    ["another payload", otherPayload],
    [
      "a bucket without a prefix",
      testBuild({ imageBuilder: { ...testBuild().imageBuilder, payload: "s3://p-1" } }),
    ],
    ["the longest name of a spec", testBuild({ specName: "n".repeat(63) })],
  ])("nothing is wrong with the document of %s", (_, build) => {
    const text = renderDocument(build);
    expect(documentProblems(text)).toEqual([]);
    expect(text.length).toBeLessThan(documentLimit);
  });

  it.each(broken)("the judge finds %s", (_, from, to, problem) => {
    expect(good).toContain(from);
    expect(documentProblems(good.replace(from, to)).join("\n")).toMatch(problem);
  });
});
