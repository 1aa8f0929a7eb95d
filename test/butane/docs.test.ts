import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderTemplate } from "../../src/butane/template.ts";
import { translateButane } from "../../src/butane/translate-butane.ts";

/** What a template may be given; each is a launch that somebody makes. */
const launches: readonly Readonly<Record<string, unknown>>[] = [
  { hostname: "devnet-1", roles: [], sshKeys: [], nodeConfig: [], clusterCa: "", gethVolume: "" },
  {
    hostname: "a",
    roles: ["control-plane", "worker"],
    sshKeys: ["ssh-ed25519 AAAA a@b"],
    nodeConfig: ["IGNEOUS_API_SERVER=10.0.0.1:6443"],
    clusterCa: "-----BEGIN CERTIFICATE-----\n",
    gethVolume: "/dev/nvme1n1",
  },
];

const head = "variant: fcos\nversion: 1.4.0\n";

function filesOf(folder: string, suffix: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(suffix)).map((name) => join(folder, name));
}

function blocksOf(page: string): readonly string[] {
  const blocks = readFileSync(page, "utf8").matchAll(/^```(?:yaml|butane)\n([\s\S]*?)^```/gmu);
  return Array.from(blocks, ([, block = ""]) => block).filter((block) => /^variant:/mu.test(block));
}

/** Butane that a template offers in its comments: from a commented section on, as far as the comment goes. */
function offersOf(template: string): readonly string[] {
  const comments = readFileSync(template, "utf8").matchAll(/^# [a-z_]+:\n(?:# .*\n)+/gmu);
  return Array.from(comments, ([comment]) => head + comment.replaceAll(/^# /gmu, ""));
}

function compile(block: string): void {
  for (const variables of launches) {
    const text = renderTemplate(block, { file: "docs", variables });
    const { json } = translateButane(text, { file: "docs", strict: true, ignitionMax: "3.3" });
    expect(JSON.parse(json)).toHaveProperty("ignition.version");
  }
}

describe("the Butane of our docs", () => {
  const pages = ["README.md", "CHANGELOG.md", ...filesOf("examples", ".md"), ...filesOf("docs", ".md")];
  const templates = [...filesOf("butane", ".bu.hbs"), ...filesOf("examples", ".bu.hbs")];

  it("translates without a warning, block by block", () => {
    const blocks = pages.flatMap(blocksOf);
    expect(blocks.length).toBeGreaterThanOrEqual(2);
    for (const block of blocks) compile(block);
  });

  it("translates without a warning in the templates that igneous init writes, with what they offer in comments", () => {
    expect(templates.length).toBeGreaterThanOrEqual(2);
    for (const template of templates) compile(readFileSync(template, "utf8"));
    const offers = templates.flatMap(offersOf);
    expect(offers.length).toBeGreaterThanOrEqual(1);
    for (const offer of offers) compile(offer);
  });
});
