import type { BakedByImageBuilder } from "../commands/bake-image-builder.ts";
import { shortDigest } from "../core/digest.ts";
import { renderFailures } from "./publish-text.ts";

/** What EC2 Image Builder made, and where it did not. */
export function renderImageBuilderResult(result: BakedByImageBuilder): string {
  const { amis, failures, id, image, payloadCommit } = result;
  const lines = [
    `build ${shortDigest(id)}`,
    `image ${image}`,
    `payload ${payloadCommit}`,
    ...amis.map(({ region, amiId, snapshotId }) => `${region}  ${amiId}  ${snapshotId}`),
    ...renderFailures(failures),
    failures.length === 0
      ? `next: igneous rollout --ami ${shortDigest(id)}`
      : "go on with: igneous bake --builder imagebuilder",
  ];
  return `${lines.join("\n")}\n`;
}
