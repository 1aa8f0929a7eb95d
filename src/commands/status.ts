import type { Aws } from "../aws/apis.ts";
import { openAws } from "../aws/session.ts";
import { type BuildStatus, readStatus, type StatusRequest } from "../aws/published-status.ts";
import type { Context } from "../core/context.ts";

/** Where each build of the lock is published, and whether it is still there. */
export async function status(
  context: Context,
  request: StatusRequest,
  aws: Aws = openAws(context),
): Promise<readonly BuildStatus[]> {
  return readStatus(context, aws, request);
}
