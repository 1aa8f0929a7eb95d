import { z } from "zod";

/** What Packer's manifest post-processor writes. */
export const PackerManifest = z.object({
  builds: z.array(
    z.object({
      name: z.string(),
      builder_type: z.string(),
      /** `region:ami,region:ami` of amazon-ebs; `VM` of qemu. */
      artifact_id: z.string(),
      packer_run_uuid: z.string(),
    }),
  ),
  last_run_uuid: z.string(),
});

export type PackerManifest = z.infer<typeof PackerManifest>;
