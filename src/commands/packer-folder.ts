import { join } from "node:path";
import { renderTemplate } from "../butane/template.ts";
import { IgneousError } from "../core/errors.ts";
import { prettyJson } from "../core/json.ts";
import { readText, sizeOf, writeAtomic } from "../host/files.ts";
import { removeTree } from "../host/folders.ts";
import { readPackageFiles } from "../host/package-files.ts";
import { renderProvisioner } from "../packer/hcl.ts";
import type { PackerKind } from "../packer/version.ts";
import type { PackerSource, PackerVariables } from "./packer-variables.ts";
import type { Project } from "./project.ts";
import { requirePublish } from "./publish-section.ts";

interface PackerFiles {
  readonly sources: readonly PackerSource[];
  readonly packer: Pick<PackerKind, "isModern" | "hasImds">;
  readonly variables: PackerVariables;
}

/** A rendered template, or a program, by its path in the folder. */
export interface PackerText {
  readonly path: string;
  readonly text: string;
  readonly isProgram: boolean;
}

/** The templates of a project, rendered, and the programs that they run, by their path in the folder. */
export async function renderPackerTemplates(
  project: Project,
  { sources, packer: kind }: Pick<PackerFiles, "sources" | "packer">,
): Promise<readonly PackerText[]> {
  const qemu = sources.includes("qemu");
  const amazon = sources.includes("amazon-ebs");
  const { packer } = project.loaded.spec;
  const provisioners = packer?.provisioners ?? [];
  const rendered = (when: string): readonly string[] =>
    provisioners
      .filter((provisioner) => (provisioner.when ?? "after-apply") === when)
      .map(({ when: _when, ...provisioner }) => renderProvisioner(provisioner));
  const data = {
    qemu,
    amazon,
    modern: kind.isModern,
    imds: kind.hasImds,
    before: rendered("before-apply"),
    after: rendered("after-apply"),
  };
  const wanted = wantedTemplates({ sources, packer: kind });
  return (await packerSources(project)).flatMap(([path, contents]): readonly PackerText[] => {
    if (!path.endsWith(".hbs")) return [{ path, text: contents, isProgram: true }];
    if (wanted[path] === false) return [];
    const text = renderTemplate(contents, { file: `packer/${path}`, variables: data });
    return [{ path: path.slice(0, -".hbs".length), text, isProgram: false }];
  });
}

/** Which of igneous' own templates a folder has; one of the project's own is always there. */
function wantedTemplates({
  sources,
  packer,
}: Pick<PackerFiles, "sources" | "packer">): Readonly<Record<string, boolean>> {
  return {
    "build.pkr.hcl.hbs": true,
    "qemu.pkr.hcl.hbs": sources.includes("qemu"),
    "amazon-ebs.pkr.hcl.hbs": sources.includes("amazon-ebs"),
    "plugins.pkr.hcl.hbs": packer.isModern,
  };
}

/** Writes what {@link renderPackerTemplates} gives, with the values that the templates want. */
export async function writePackerFiles(project: Project, out: string, files: PackerFiles): Promise<void> {
  // What an earlier rendering for other sources left would be built, too.
  for (const [path, isWanted] of Object.entries(wantedTemplates(files)))
    if (!isWanted) await removeTree(join(out, path.slice(0, -".hbs".length)));
  for (const { path, text, isProgram } of await renderPackerTemplates(project, files))
    await writeAtomic(join(out, path), text, isProgram ? 0o755 : undefined);
  await writeAtomic(join(out, "igneous.auto.pkrvars.json"), prettyJson(files.variables));
  await writeAtomic(join(out, "README.md"), readme(files.sources, files.packer.isModern));
}

/** The templates and programs by their path below `packer/`: a project's own file wins over that of igneous. */
async function packerSources(project: Project): Promise<readonly (readonly [string, string])[]> {
  const files = await readPackageFiles("packer");
  if (files.length === 0) throw new Error("the package has no packer templates");
  return Promise.all(
    files.map(async ({ path, contents }) => {
      const own = join(project.folder, "packer", path);
      const isOwn = (await sizeOf(own)) !== undefined;
      return [path, isOwn ? await readText(own) : contents.toString("utf8")] as const;
    }),
  );
}

/** One file of `packer/`, such as `scripts/apply`: the project's own where it has it. */
export async function packerSource(project: Project, path: string): Promise<string> {
  const found = (await packerSources(project)).find(([name]) => name === path);
  if (found === undefined) throw new Error(`the package has no packer/${path}`);
  return found[1];
}

function readme(sources: readonly PackerSource[], isModern: boolean): string {
  return [
    `Packer builds what igneous rendered here (${sources.join(", ")}): ${isModern ? "packer init . && " : ""}packer build .`,
    "The machine refuses a payload that is not the one of igneous.auto.pkrvars.json; sign it into payload/payload.tar.gz.sig.",
    "access.key opens the machine only while it is built; run igneous render again rather than edit these files.",
    "",
  ].join("\n");
}

/** What was asked for, when the spec allows it. */
export function choosePackerSources(
  project: Project,
  only: PackerSource | undefined,
): readonly PackerSource[] {
  const { packer, publish } = project.loaded.spec;
  const hasAmazon =
    packer?.amazon !== undefined && (packer.amazon.region ?? publish?.regions[0]) !== undefined;
  if (only === "amazon-ebs" && !hasAmazon) {
    throw new IgneousError(
      "input-invalid",
      "igneous.yaml does not say what amazon-ebs starts from, or where",
      {
        hint: "add packer: { amazon: { base: { ami: ami-… } } } and publish: { regions: [eu-central-1] }",
      },
    );
  }
  const all: readonly PackerSource[] = hasAmazon ? ["qemu", "amazon-ebs"] : ["qemu"];
  const sources = only === undefined ? all : [only];
  // What Packer would refuse, or AWS, after minutes of work.
  if (sources.includes("amazon-ebs") && publish !== undefined) requirePublish(project);
  return sources;
}
