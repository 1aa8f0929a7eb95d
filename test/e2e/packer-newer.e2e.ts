import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { renderPackerTemplates } from "../../src/commands/packer-folder.ts";
import { fetchPackerPlugins } from "../../src/commands/packer-plugins.ts";
import { loadProject } from "../../src/commands/project.ts";
import type { Context } from "../../src/core/context.ts";
import { run } from "../../src/host/exec.ts";
import { findPackerKind, findPackerPlugins, type PackerKind } from "../../src/packer/version.ts";
import { combinations, judge, renderSpec } from "../packer/rendered.ts";
import { temporaryFolder, testContext } from "../tools.ts";
import { repository } from "./project.ts";

/**
 * A Packer of the kind that has plugins. Everything else runs with it too, when it is first on PATH:
 * PATH=$(scripts/newer-packer.sh):$PATH npx vitest run --project e2e test/e2e/packer-amazon.e2e.ts
 */

let context: Context;
let packer: PackerKind;

beforeAll(async () => {
  const script = join(repository, "scripts/newer-packer.sh");
  const folder = execFileSync(script, [], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
  const { env, ...rest } = testContext();
  context = { ...rest, env: { ...env, PATH: `${folder}:${env["PATH"]}` } };
  packer = await findPackerKind(context, undefined);
});

describe("Packer 1.7 and newer", () => {
  it("is known by its version and its plugins", async () => {
    expect(packer).toEqual({ version: "1.11.2", isModern: true, hasImds: false });
    expect(await findPackerPlugins(context)).toEqual({ amazon: "1.2.1", qemu: "1.0.9" });
  });

  it.each(Object.entries(combinations))("takes and would not format otherwise: %s", async (_, text) => {
    for (const accelerator of ["kvm", "tcg"] as const)
      expect(await judge(context, await renderSpec(text, { packer, accelerator }))).toBe("");
  });

  it("fetches nothing for plugins that are installed; without a network the error says how to get others", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), combinations["an AMI and every option"] ?? "");
    const templates = await renderPackerTemplates(await loadProject(folder), {
      sources: ["amazon-ebs"],
      packer,
    });
    // A proxy that is not there.
    const env = { ...context.env, HTTPS_PROXY: "http://127.0.0.1:1" };
    await fetchPackerPlugins({ ...context, env }, templates);
    const bare = { ...context, env: { ...env, PACKER_PLUGIN_PATH: folder } };
    await expect(fetchPackerPlugins(bare, templates)).rejects.toMatchObject({
      code: "packer-failed",
      message: expect.stringContaining("github.com/hashicorp/amazon"),
      hint: expect.stringContaining("packer plugins install --path"),
    });
  });

  it("names a plugin that is too old for what was rendered for newer ones", async () => {
    const newer = await renderSpec(combinations["an AMI and every option"] ?? "", {
      packer: { ...packer, hasImds: true },
    });
    const { stdout, stderr } = await run(context, ["packer", "validate", "."], {
      cwd: newer,
      okExits: [0, 1],
    });
    expect(stdout + stderr).toMatch(/github\.com\/hashicorp\/amazon >= 1\.2\.2, < 2/u);
  });
});
