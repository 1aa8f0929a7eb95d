import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { refuseLabels } from "../../src/commands/label-tree.ts";
import { loadProject, type Project } from "../../src/commands/project.ts";
import { temporaryFolder } from "../tools.ts";

async function projectOf(features: string): Promise<Project> {
  const folder = await temporaryFolder();
  const head = "schemaVersion: 1\nname: node\nkubernetes: { version: 1.34.1 }\n";
  await writeFile(join(folder, "igneous.yaml"), `${head}features:\n  - podman\n${features}`);
  return loadProject(folder);
}

it("an image with labels is not given to builders that would label it anew; the line of the spec is named", async () => {
  const labelled = await projectOf("  - selinux: enforcing\n");
  const refused = expect.objectContaining({
    report: expect.objectContaining({
      diagnostics: [
        expect.objectContaining({
          position: expect.objectContaining({ line: 6 }),
          message: expect.stringContaining("an image with SELinux labels cannot be made by Packer"),
        }),
      ],
    }),
  });
  expect(() => refuseLabels(labelled)).toThrow(refused);
  const listed = await projectOf("base: { debian: { packages: [selinux-policy-default] } }\n");
  expect(() => refuseLabels(listed)).toThrow(
    expect.objectContaining({
      report: expect.objectContaining({
        diagnostics: [expect.objectContaining({ position: expect.objectContaining({ line: 6 }) })],
      }),
    }),
  );
  const plain = await projectOf("");
  expect(() => refuseLabels(plain)).not.toThrow();
});

it("a mode that there is not is refused", async () => {
  await expect(projectOf("  - selinux: disabled\n")).rejects.toMatchObject({
    report: { diagnostics: [{ position: { line: 6 }, message: 'expected one of "enforcing"|"permissive"' }] },
  });
});
