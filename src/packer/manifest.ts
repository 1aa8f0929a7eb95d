import { IgneousError } from "../core/errors.ts";
import { PackerManifest } from "./schema.ts";

export interface PackerOutputs {
  readonly qemu: boolean;
  readonly amis: readonly { readonly region: string; readonly amiId: string }[];
}

/** What the last run of Packer made. */
export function parsePackerManifest(text: string): PackerOutputs {
  const parsed = PackerManifest.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new IgneousError(
      "tool-failed",
      `packer wrote a manifest that cannot be read: ${parsed.error.message}`,
    );
  }
  const { builds, last_run_uuid } = parsed.data;
  const last = builds.filter(({ packer_run_uuid }) => packer_run_uuid === last_run_uuid);
  const amazon = last.filter(({ builder_type }) => builder_type === "amazon-ebs");
  return {
    qemu: last.some(({ builder_type }) => builder_type === "qemu"),
    amis: amazon.flatMap(({ artifact_id }) =>
      artifact_id.split(",").map((pair) => {
        const [region = "", amiId = ""] = pair.split(":");
        return { region, amiId };
      }),
    ),
  };
}
