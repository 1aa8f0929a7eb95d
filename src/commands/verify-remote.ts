import type { Aws } from "../aws/apis.ts";
import { findBlockMap, readBlockMap } from "../aws/block-map.ts";
import type { PublishBuild, PublishedAmi } from "../aws/publish-types.ts";
import { checkRemote, type RemoteCheck } from "../aws/remote-check.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";

interface VerifyRemoteOptions {
  readonly build: PublishBuild;
  readonly amis: readonly PublishedAmi[];
}

/** Reads what was published back and compares it with the disk and the spec. Differences (exit 4) are in `drift`. */
export async function verifyRemote(
  context: Context,
  { build, amis }: VerifyRemoteOptions,
  aws: Aws = openAws(context),
): Promise<RemoteCheck> {
  const kept = await findBlockMap(build.folder);
  const map =
    kept?.diskSha256 === build.disk.sha256 ? kept : await readBlockMap(context, build.folder, build.disk);
  return checkRemote(context, aws, build, map, amis);
}
