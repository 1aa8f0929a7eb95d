import { join } from "node:path";
import { renderCliInputs, renderCloudFormation } from "../aws/image-builder-render.ts";
import { homeRegion } from "../aws/image-builder-resources.ts";
import { fileUri, type LocalFile } from "../aws/image-builder-store.ts";
import type { ImageBuilderBuild } from "../aws/image-builder-types.ts";
import { renderDocument } from "../aws/image-builder-document.ts";
import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { prettyJson } from "../core/json.ts";
import { runStep } from "../core/step.ts";
import { writeAtomic } from "../host/files.ts";
import { withProject } from "../lock/file.ts";
import { prepareImageBuild, requireImageBuilder } from "./image-builder-build.ts";
import { loadProject } from "./project.ts";
import { type CommittedProject, commitProject } from "./render-packer.ts";

export interface RenderImageBuilderOptions {
  readonly out: string;
  /** Account whose ARNs the inputs of the aws command name; the lock's when not given. */
  readonly account: string | undefined;
}

export interface RenderedImageBuilder {
  readonly folder: string;
  /** Of component and recipe. */
  readonly version: string;
  readonly payloadCommit: string;
  readonly files: readonly string[];
}

/** Renders what a team needs to own the pipeline by its own means: CloudFormation, inputs of the aws command, and the payload. */
export async function renderImageBuilder(
  context: Context,
  folder: string,
  { out, account }: RenderImageBuilderOptions,
): Promise<RenderedImageBuilder> {
  const project = await loadProject(folder);
  requireImageBuilder(project);
  return withProject(context, folder, async () => {
    const committed = await commitProject(context, project);
    const owner = account ?? lockedAccount(committed);
    const { build, files } = await prepareImageBuild(context, committed, join(out, "payload"));
    return runStep(context, "render", "render for EC2 Image Builder", async () => {
      const version = nextVersion(committed);
      const rendered: Readonly<Record<string, string>> = {
        "component.yaml": renderDocument(build),
        "cloudformation.json": prettyJson(renderCloudFormation(build, { version })),
        ...Object.fromEntries(
          Object.entries(renderCliInputs(build, { version, account: owner })).map(([name, input]) => [
            `cli/${name}`,
            prettyJson(input),
          ]),
        ),
        "README.md": readme(build, files),
      };
      for (const [name, text] of Object.entries(rendered)) await writeAtomic(join(out, name), text);
      const value = {
        folder: out,
        version,
        payloadCommit: build.payloadCommit,
        files: Object.keys(rendered),
      };
      return { value, note: out };
    });
  });
}

function lockedAccount({ lock }: CommittedProject): string {
  const account = lock.builds.flatMap(({ amis }) => amis ?? [])[0]?.account;
  if (account !== undefined) return account;
  throw new IgneousError("usage", "the lock names no AWS account yet, and the ARNs need one", {
    hint: "run: igneous render --builder imagebuilder --account 123456789012",
  });
}

/** Grows with the lock, so that a stack that is updated never meets a version with other content. */
function nextVersion({ lock, plan }: CommittedProject): string {
  const at = lock.builds.findIndex(({ id }) => id === plan.id);
  const older = at === -1 ? lock.builds.length : lock.builds.length - 1 - at;
  return `1.0.${older}`;
}

function readme(build: ImageBuilderBuild, files: readonly LocalFile[]): string {
  const { payload } = build.imageBuilder;
  const region = homeRegion(build);
  return [
    `EC2 Image Builder's resources for build ${build.buildId} of ${build.specName}. First the payload, then one of the two:`,
    "",
    ...files.map((file) => `    aws s3 cp payload/${file.name} ${fileUri(payload, file)}`),
    "",
    `    aws cloudformation deploy --region ${region} --stack-name igneous-${build.specName} --template-file cloudformation.json`,
    "",
    `    for file in cli/*.json; do call=\${file#*-}; aws imagebuilder --region ${region} \${call%.json} --cli-input-json file://$file; done`,
    "",
  ].join("\n");
}
