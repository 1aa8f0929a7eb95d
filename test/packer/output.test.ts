import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildWithPacker } from "../../src/packer/run.ts";
import {
  findNews,
  packerErrors,
  type PackerLine,
  parsePackerLine,
} from "../../src/packer/machine-readable.ts";
import { parsePackerManifest } from "../../src/packer/manifest.ts";
import { findTraces } from "../../src/packer/traces.ts";
import { findPackerKind, findPackerVersion, needPackerVersion } from "../../src/packer/version.ts";
import { requireTool, temporaryFolder, testContext } from "../tools.ts";

// As packer 1.6.6 wrote them.
const recorded = `1795384651,,ui,say,==> igneous.amazon-ebs.node: Creating temporary security group for this instance: packer_6b03654b-da4d-c590-e5ad-3774bc40af16
1795384651,,ui,message,    igneous.amazon-ebs.node: Found Image ID: ami-0123456789abcdef0
1795384651,,ui,message,    igneous.amazon-ebs.node: Instance ID: i-12bc993ad12b8e843
1795384651,,ui,say,==> igneous.amazon-ebs.node: Waiting for SSH to become available...
1795384657,,ui,message,    igneous.amazon-ebs.node: igneous: apply: pull the payload
1795384658,,ui,message,    igneous.amazon-ebs.node: 13 metadata%!(PACKER_COMMA) 0 content objects imported
1795384058,,ui,error,Build 'igneous.amazon-ebs.node' errored after 21 seconds: Timeout waiting for SSH.
1795384058,,error-count,1
1795384058,igneous.amazon-ebs.node,error,Timeout waiting for SSH.`;

const lines = recorded
  .split("\n")
  .map(parsePackerLine)
  .filter((line) => line !== undefined);

describe("what Packer says", () => {
  it("is read line by line, with its commas and line ends", () => {
    expect(lines).toHaveLength(9);
    expect(lines[5]).toEqual({
      target: "",
      type: "ui",
      data: ["message", "    igneous.amazon-ebs.node: 13 metadata, 0 content objects imported"],
    } satisfies PackerLine);
    expect(parsePackerLine("npm warn something")).toBeUndefined();
  });

  it("becomes our progress: its headings, and the steps of apply and seal", () => {
    expect(lines.map(findNews)).toEqual([
      "Creating temporary security group for this instance: packer_6b03654b-da4d-c590-e5ad-3774bc40af16",
      undefined,
      undefined,
      "Waiting for SSH to become available...",
      "apply: pull the payload",
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("tells its errors, and what it made for a while", () => {
    expect(packerErrors(lines)).toEqual(
      [
        "Build 'igneous.amazon-ebs.node' errored after 21 seconds: Timeout waiting for SSH.",
        "igneous.amazon-ebs.node: Timeout waiting for SSH.",
      ].map((text) => text.replace(/^igneous\.amazon-ebs\.node: /u, "")),
    );
    expect(findTraces(lines)).toEqual({
      sourceAmi: "ami-0123456789abcdef0",
      instances: ["i-12bc993ad12b8e843"],
      names: ["packer_6b03654b-da4d-c590-e5ad-3774bc40af16"],
      templates: [],
    });
  });

  it("its manifest names what the last run made, and nothing of earlier ones", () => {
    const build = (name: string, artifact_id: string, packer_run_uuid: string): object => {
      return { name: "node", builder_type: name, artifact_id, packer_run_uuid, files: null };
    };
    const amis = "eu-central-1:ami-5764b0f6c9bbc738b,eu-west-1:ami-a74a93fd7a7cf741c";
    const builds = [build("qemu", "VM", "old"), build("amazon-ebs", amis, "new")];
    expect(parsePackerManifest(JSON.stringify({ builds, last_run_uuid: "new" }))).toEqual({
      qemu: false,
      amis: [
        { region: "eu-central-1", amiId: "ami-5764b0f6c9bbc738b" },
        { region: "eu-west-1", amiId: "ami-a74a93fd7a7cf741c" },
      ],
    });
    expect(() => parsePackerManifest("{}")).toThrow(/cannot be read/u);
  });
});

describe("packer itself", () => {
  it("tells its version; where it is missing, the error says how to get it", async () => {
    requireTool("packer");
    expect(await findPackerVersion(testContext())).toMatch(/^\d+\.\d+\.\d+/u);
    const without = { ...testContext(), env: { PATH: "/nonexistent" } };
    const error = needPackerVersion(without);
    if (await findPackerVersion(without)) return;
    await expect(error).rejects.toMatchObject({
      code: "tool-missing",
      hint: expect.stringContaining("apt-get"),
    });
  });

  it("of a version that is elsewhere has the newest plugins, when it has plugins", async () => {
    const old = { version: "1.6.6", isModern: false, hasImds: false };
    expect(await findPackerKind(testContext(), "1.6.6")).toEqual(old);
    const newer = { version: "1.11.2", isModern: true, hasImds: true };
    expect(await findPackerKind(testContext(), "1.11.2")).toEqual(newer);
  });

  it("that fails gives packer-failed with what it reported, and its whole log", async () => {
    requireTool("packer");
    const folder = await temporaryFolder();
    await mkdir(join(folder, "scripts"));
    const build = `source "null" "node" {\n  communicator = "none"\n}\n
build {\n  name = "igneous"\n  sources = ["source.null.node"]\n
  provisioner "shell-local" {\n    inline = ["echo igneous: apply: verify; exit 3"]\n  }\n}\n`;
    await writeFile(join(folder, "build.pkr.hcl"), build);
    const news: string[] = [];
    const log = join(folder, "packer.log");
    const run = { folder, only: ["null"], log, onNews: (text: string) => void news.push(text) };
    const { failure } = await buildWithPacker(testContext(), run);
    expect(failure).toMatchObject({ code: "packer-failed", hint: `read what it did in ${log}` });
    expect(failure?.message).toContain("exit status: 3");
    expect(news).toContain("apply: verify");
  });
});
