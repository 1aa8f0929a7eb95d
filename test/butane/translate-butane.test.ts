import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderTemplateMapped } from "../../src/butane/template.ts";
import { type TranslateOptions, translateButane } from "../../src/butane/translate-butane.ts";
import { IgneousError } from "../../src/core/errors.ts";
import { openLocalFiles } from "../../src/host/local-files.ts";
import { temporaryFolder } from "../tools.ts";

const translate = (source: string, options: Partial<TranslateOptions> = {}) =>
  translateButane(source, { file: "x.bu", ...options });

const problems = (source: string, options: Partial<TranslateOptions> = {}): readonly string[] => {
  try {
    translate(source, options);
  } catch (error) {
    if (!(error instanceof IgneousError)) throw error;
    const diagnostics = error.report?.diagnostics ?? [];
    return diagnostics.map(({ position, message }) => `${position?.line}:${position?.column} ${message}`);
  }
  return [];
};

const head = (minor: number): string => `variant: fcos\nversion: 1.${minor}.0\n`;

describe("translateButane", () => {
  it("writes the lowest spec version that will do when a newest one is named", () => {
    const file = `${head(6)}storage:\n  files:\n    - path: /etc/a\n      contents: {inline: hi}\n`;
    expect(translate(file).ignition.ignition.version).toBe("3.5.0");
    expect(translate(file, { ignitionMax: "3.3" }).ignition.ignition.version).toBe("3.0.0");
    const kernel = `${head(7)}kernel_arguments: {should_exist: [quiet]}\n`;
    expect(translate(kernel, { ignitionMax: "3.3" }).json).toBe(
      '{"ignition":{"version":"3.3.0"},"kernelArguments":{"shouldExist":["quiet"]}}',
    );
  });

  it("names each part that a version lacks at its line, with the version it came in", () => {
    const source = `${head(6)}storage:
  luks:
    - name: a
      device: /dev/a
      discard: true
      cex: {enabled: true}
  files:
    - path: /etc/a
      contents: {source: "arn:aws:s3:::b/k"}
`;
    expect(problems(source, { ignitionMax: "3.3" })).toEqual([
      "8:12 'cex' needs Ignition 3.5.0, but 3.3 is the newest allowed",
      "7:16 'discard' needs Ignition 3.4.0, but 3.3 is the newest allowed",
      "11:26 this (invalid url scheme) needs Ignition 3.4.0, but 3.3 is the newest allowed",
    ]);
    const sticky = `${head(7)}storage:\n  directories:\n    - path: /etc/a\n      mode: 01777\n`;
    expect(problems(sticky, { ignitionMax: "3.3" })).toEqual([
      expect.stringMatching(/^6:13 this \(setuid.*needs Ignition 3\.6\.0/u),
    ]);
    expect(() => translate(head(4), { ignitionMax: "4.0" })).toThrow("'4.0' is no Ignition spec version");
  });

  it("counts warnings as errors when strict", () => {
    const source = `${head(4)}unknown: 1\n`;
    expect(translate(source).diagnostics).toMatchObject([
      { severity: "warning", position: { line: 3, column: 1 } },
    ]);
    expect(problems(source, { strict: true })).toEqual(["3:1 unused key unknown"]);
  });

  it("says what was meant, and when a key came, where that is known", () => {
    const source = `${head(4)}storage:\n  files:\n    - path: /etc/a\n      mode: 644\n      content: {}\nsystemd:\n  units:\n    - name: a.service\n      contents_local: x\n`;
    expect(translate(source).diagnostics.map(({ hint }) => hint)).toEqual([
      "did you mean 'contents'?",
      "'contents_local' came with version 1.5.0 of the variant",
      "write the mode with a leading zero, such as 0644",
      undefined,
    ]);
  });

  it("gives every wrong value of an unreadable text its line", () => {
    expect(problems(`${head(4)}storage:\n  files: [{mode: a},\n    {mode: b}]\n`)).toEqual([
      "4:1 cannot unmarshal !!str `a` into int",
      "5:1 cannot unmarshal !!str `b` into int",
    ]);
    expect(problems("a: [\n")).toEqual(["1:1 did not find expected node content"]);
  });

  it("shows problems of a rendered template at the template's line", () => {
    const template = `${head(4)}storage:\n  files:\n{{#each names}}\n    - path: {{yaml this}}\n{{/each}}\n`;
    const variables = { names: ["/etc/a", "etc/b"] };
    const { text, templateLine } = renderTemplateMapped(template, { file: "x.bu.hbs", variables });
    expect(problems(text, { templateLine })).toEqual(["6:13 path not absolute"]);
  });

  it("refuses a local file behind a link that leads out of the folder, and reads one that stays inside", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "files", "tree"), { recursive: true });
    await writeFile(join(folder, "secret"), "s");
    await writeFile(join(folder, "files", "real"), "r");
    await symlink("../secret", join(folder, "files", "out"));
    await symlink("real", join(folder, "files", "in"));
    await symlink("..", join(folder, "files", "up"));
    const files = openLocalFiles("files", folder);
    const local = (name: string): string =>
      `${head(4)}storage:\n  files:\n    - path: /etc/a\n      contents: {local: ${name}}\n`;
    expect(problems(local("out"), { files })[0]).toContain(
      "a symbolic link leads out of the files directory",
    );
    expect(problems(local("../secret"), { files })[0]).toContain("traverses outside the files directory");
    expect(translate(local("in"), { files }).json).toContain('"data:,r"');
    const tree = `${head(4)}storage:\n  trees:\n    - local: up/files/tree\n    - local: up\n`;
    // A tree that is a link itself is written as a link, as butane does.
    expect(translate(tree, { files }).json).toContain('"links":[{"path":"/","target":".."}]');
    expect(problems(tree.replace("up/files/tree", "up"), { files })[0]).toContain("existing contents");
    const away = `${head(4)}storage:\n  trees:\n    - local: up/other\n`;
    await mkdir(join(folder, "other"));
    expect(problems(away, { files })).toEqual(["5:7 a symbolic link leads out of the files directory"]);
  });
});
