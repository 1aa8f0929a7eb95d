import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { choosePackerSources, writePackerFiles } from "../../src/commands/packer-folder.ts";
import { unmetByPacker } from "../../src/commands/packer-variables.ts";
import { loadProject } from "../../src/commands/project.ts";
import { renderPacker } from "../../src/commands/render-packer.ts";
import { run } from "../../src/host/exec.ts";
import { findPackerKind } from "../../src/packer/version.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";
import { combinations, filter, head, judge, publish, renderSpec } from "./rendered.ts";

describe("packer templates", () => {
  for (const [name, text] of Object.entries(combinations)) {
    for (const accelerator of ["kvm", "tcg"] as const) {
      it(`packer ${accelerator}: takes and would not format otherwise: ${name}`, async () => {
        requireTool("packer");
        const context = testContext();
        const packer = await findPackerKind(context, undefined);
        expect(await judge(context, await renderSpec(text, { packer, accelerator }))).toBe("");
      });
    }
  }

  it("for Packer 1.7 and newer the plugins have a file of their own, formatted like the rest", async () => {
    requireTool("packer");
    const out = await renderSpec(combinations["an AMI and every option"] ?? "", {
      packer: { isModern: true, hasImds: true },
    });
    expect(await readdir(out)).toContain("plugins.pkr.hcl");
    const argv = ["packer", "fmt", "-check", "-diff", "."] as const;
    const { stdout } = await run(testContext(), argv, { cwd: out, okExits: [0, 3] });
    expect(stdout).toBe("");
  });

  it("no source has an option that no version of its plugin knows, nor an old plugin one of newer ones", async () => {
    const text = combinations["an AMI and every option"] ?? "";
    const rendered = async (hasImds: boolean): Promise<string> => {
      const out = await renderSpec(text, { packer: { isModern: true, hasImds } });
      const hcl = ["amazon-ebs.pkr.hcl", "plugins.pkr.hcl"].map((name) => readFile(join(out, name), "utf8"));
      return (await Promise.all(hcl)).join("");
    };
    expect(await rendered(true)).toMatch(/imds_support = "v2\.0"[^]*version = ">= 1\.2\.2, < 2"/u);
    expect(await rendered(false)).not.toMatch(/boot_mode|imds_support|1\.2\.2/u);
  });

  it("rendering for one source takes the other's template out of the folder, and leaves files of yours", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), head + publish + filter);
    const project = await loadProject(folder);
    const out = join(folder, "out");
    await mkdir(out);
    await writeFile(join(out, "mine.pkr.hcl"), "# mine\n");
    const packer = { isModern: true, hasImds: true };
    const both = { sources: ["qemu", "amazon-ebs"], packer, variables: {} } as const;
    await writePackerFiles(project, out, both);
    await writePackerFiles(project, out, {
      ...both,
      sources: ["amazon-ebs"],
      packer: { isModern: false, hasImds: false },
    });
    const hcl = (await readdir(out)).filter((name) => name.endsWith(".pkr.hcl")).sort();
    expect(hcl).toEqual(["amazon-ebs.pkr.hcl", "build.pkr.hcl", "mine.pkr.hcl"]);
  });

  it("a template in the project's own packer/ wins over that of igneous", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), head);
    await mkdir(join(folder, "packer"));
    await writeFile(join(folder, "packer/qemu.pkr.hcl.hbs"), "# mine{{#if qemu}}, with qemu{{/if}}\n");
    const project = await loadProject(folder);
    const out = join(folder, "out");
    await writePackerFiles(project, out, {
      sources: ["qemu"],
      packer: { isModern: false, hasImds: false },
      variables: {},
    });
    const { stdout } = await run(testContext(), ["cat", join(out, "qemu.pkr.hcl")]);
    expect(stdout).toBe("# mine, with qemu\n");
  });

  it("a wrong template of the project's own is found before anything is made", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), head);
    await mkdir(join(folder, "packer"));
    await writeFile(join(folder, "packer/qemu.pkr.hcl.hbs"), "a\n{{gone}}\n");
    const options = { out: join(folder, "out"), only: undefined, packerVersion: "1.6.6" };
    const failure: unknown = await renderPacker(testContext(), folder, options).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      report: { file: "packer/qemu.pkr.hcl.hbs", diagnostics: [{ position: { line: 2, column: 3 } }] },
    });
    expect(await readdir(folder)).not.toContain(".igneous");
  });

  it("what Packer will not do for the spec is named, more of it for old versions", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), `${head}${publish}  protect: true\n`);
    const { spec } = (await loadProject(folder)).loaded;
    expect(unmetByPacker(spec, false)).toEqual(["publish.protect", "publish.deprecateAfter"]);
    expect(unmetByPacker(spec, true)).toEqual(["publish.protect"]);
  });

  it("amazon-ebs without a base in the spec is refused with what to add", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), head);
    const project = await loadProject(folder);
    expect(() => choosePackerSources(project, "amazon-ebs")).toThrow(
      /does not say what amazon-ebs starts from/u,
    );
  });

  it("a publish section that AWS would refuse is refused before any work, with its line", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "igneous.yaml"), `${head}${publish}  encrypted: true\n${filter}`);
    const project = await loadProject(folder);
    expect(choosePackerSources(project, "qemu")).toEqual(["qemu"]);
    const refusal = (region: string): object => ({
      message: expect.stringContaining(`cannot be shared; name a key for ${region}`),
      position: { line: expect.any(Number), column: expect.any(Number) },
    });
    expect(() => choosePackerSources(project, "amazon-ebs")).toThrow(
      expect.objectContaining({
        report: expect.objectContaining({
          diagnostics: ["eu-central-1", "eu-west-1"].map((region) =>
            expect.objectContaining(refusal(region)),
          ),
        }),
      }),
    );
  });
});
