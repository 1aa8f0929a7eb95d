import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkFile, type NodeCheck } from "../../src/containers/check-file.ts";
import { run } from "../../src/host/exec.ts";
import { temporaryFolder, testContext } from "../tools.ts";

async function outcome(check: Omit<NodeCheck, "name">): Promise<readonly [number, string]> {
  const path = join(await temporaryFolder(), "check");
  await writeFile(path, checkFile({ name: "check", ...check }).contents, { mode: 0o755 });
  const { exit, stdout } = await run(testContext(), ["sh", path], { okExits: [0, 1] });
  return [exit, stdout.trim()];
}

describe("checkFile", () => {
  it.each<Omit<NodeCheck, "name">>([
    { command: "true" },
    { command: "exit 3", expect: { exit: 3 } },
    { command: "echo it\\'s fine", expect: { contains: "it's fine" } },
    { command: "printf 'a\\nblock 0x3e\\n'", expect: { matches: "^block 0x[0-9a-f]+$" } },
    { command: "false", roles: ["no-such-role"] },
  ])("passes %j", async (check) => {
    expect(await outcome(check)).toEqual([0, ""]);
  });

  it.each<readonly [string, Omit<NodeCheck, "name">]>([
    ["exit status 1, wanted 0", { command: "false" }],
    ["it said: b", { command: "echo b", expect: { contains: "a" } }],
    ["it said: b", { command: "echo b", expect: { matches: "^a" } }],
  ])("fails and says '%s'", async (said, check) => {
    expect(await outcome(check)).toEqual([1, said]);
  });
});
