import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadProject } from "../../src/commands/project.ts";
import { temporaryFolder } from "../tools.ts";

/** The digest of the sample spec with more lines at its end. */
async function digestWith(lines: string): Promise<string> {
  const folder = await temporaryFolder();
  await cp("butane", join(folder, "butane"), { recursive: true });
  await writeFile(join(folder, "igneous.yaml"), `${await readFile("igneous.yaml", "utf8")}\n${lines}\n`);
  return (await loadProject(folder)).wanted.spec;
}

describe("the digest of a spec", () => {
  it.each([
    ["where the image goes", "publish: { regions: [eu-central-1] }"],
    ["who runs it", "rollout: { groups: [{ name: nodes, region: eu-central-1 }] }"],
    [
      "what Image Builder builds on",
      "imageBuilder: { parentImage: ami-0123456789abcdef0, payload: s3://payloads, instanceProfile: builder }",
    ],
  ])("does not tell %s", async (_, lines) => {
    expect(await digestWith(lines)).toBe(await digestWith(""));
  });

  it("tells what shapes the image", async () => {
    expect(await digestWith("kernelArguments: [quiet]")).not.toBe(await digestWith(""));
  });
});
