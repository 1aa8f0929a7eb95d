import { stringify } from "yaml";
import { fileUri } from "./image-builder-store.ts";
import type { ImageBuilderBuild, StoredFile } from "./image-builder-types.ts";

/**
 * The component document that AWSTOE runs. https://docs.aws.amazon.com/imagebuilder/latest/userguide/toe-use-documents.html
 * `build` and `validate` run on the build instance before the image is made, `test` on an instance of the image.
 */
export interface ComponentDocument {
  readonly name: string;
  readonly description: string;
  readonly schemaVersion: "1.0";
  readonly phases: readonly {
    readonly name: "build" | "validate" | "test";
    readonly steps: readonly Step[];
  }[];
}

export type Step = {
  readonly name: string;
  readonly timeoutSeconds?: number;
  readonly onFailure: "Abort";
} & (
  | { readonly action: "ExecuteBash"; readonly inputs: { readonly commands: readonly string[] } }
  | {
      readonly action: "S3Download";
      readonly maxAttempts: number;
      readonly inputs: readonly { readonly source: string; readonly destination: string }[];
    }
);

/** Image Builder takes documents of at most so many characters inline. */
export const documentLimit = 16_000;

const folder = "/var/tmp/igneous";

export function componentDocument(build: ImageBuilderBuild): ComponentDocument {
  const { payload, apply, seal, check } = build.files;
  return {
    name: `igneous-${build.specName}`,
    description: `payload ${build.payloadCommit}`,
    schemaVersion: "1.0",
    phases: [
      {
        name: "build",
        steps: [
          ...fetchFiles(build, [payload, apply, seal]),
          bash("Apply", [`IGNEOUS_PAYLOAD_SHA256=${payload.sha256} sh ${folder}/${apply.name} ${folder}`]),
        ],
      },
      {
        name: "validate",
        steps: [
          bash("PayloadIsDeployed", [
            // The first line of the status that has a checksum is the next deployment.
            `commit=$(ostree admin status | sed -n 's/^[* ] [^ ]* \\([0-9a-f]\\{64\\}\\)\\..*/\\1/p' | head -n 1)`,
            `found=$(ostree show --repo=/sysroot/ostree/repo --print-metadata-key=igneous.payload "$commit")`,
            `echo "the next deployment is $commit with payload $found"`,
            `[ "$found" = "'${build.payloadCommit}'" ]`,
          ]),
          bash("Seal", [`sh ${folder}/${seal.name} ${folder}`]),
        ],
      },
      {
        name: "test",
        steps: [...fetchFiles(build, [check]), bash("Check", [`sh ${folder}/${check.name}`])],
      },
    ],
  };
}

/** The document as YAML: what the component is made of, the same for the same build. */
export function renderDocument(build: ImageBuilderBuild): string {
  return stringify(componentDocument(build), { lineWidth: 0 });
}

function fetchFiles(build: ImageBuilderBuild, files: readonly StoredFile[]): readonly Step[] {
  return [
    bash("Folder", [`install -d -m 0700 ${folder}`]),
    {
      name: "Fetch",
      action: "S3Download",
      maxAttempts: 3,
      onFailure: "Abort",
      inputs: files.map((file) => ({
        source: fileUri(build.imageBuilder.payload, file),
        destination: `${folder}/${file.name}`,
      })),
    },
    bash(
      "Verify",
      files.map(({ name, sha256 }) => `echo "${sha256}  ${folder}/${name}" | sha256sum --check -`),
    ),
  ];
}

function bash(name: string, commands: readonly string[]): Step {
  return {
    name,
    action: "ExecuteBash",
    timeoutSeconds: 3600,
    onFailure: "Abort",
    inputs: { commands: [["set -eu", ...commands].join("\n")] },
  };
}
