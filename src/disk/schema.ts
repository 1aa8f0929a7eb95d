import { z } from "zod";

const deployment = z.object({
  commit: z.string(),
  deployment: z.string(),
  hasIdentity: z.boolean(),
  failed: z.boolean(),
  manifest: z
    .object({
      name: z.string().optional(),
      build: z.string().optional(),
      containers: z.array(z.object({ name: z.string(), manifestDigest: z.string() })).default([]),
    })
    .nullable(),
});

/** What `igneous-host status --json` prints on a node. */
export const HostStatus = z.object({
  firstBootComplete: z.boolean(),
  rollbackPossible: z.boolean(),
  /** Boots that the next default deployment still has to become healthy; empty when nobody counts. */
  triesLeft: z.string(),
  /** Commit, time and reason of the last automatic fallback; empty when there was none. */
  fellBack: z.string(),
  /** `healthy` or `unhealthy`, and why; empty while igneous-health has not decided. Older nodes do not say. */
  health: z.string().default(""),
  problems: z.array(z.string()).default([]),
  /** Date and name of the node's certificate that ends first. */
  certificateEnds: z.string().default(""),
  booted: deployment,
  next: deployment,
  rollback: deployment.nullable(),
});

export type HostStatus = z.infer<typeof HostStatus>;
