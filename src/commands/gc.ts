import type { Aws } from "../aws/apis.ts";
import {
  applyCollection,
  type GcOverview,
  type GcRequest,
  type GcResult,
  planCollection,
} from "../aws/collect.ts";
import { openAws } from "../aws/session.ts";
import type { Context } from "../core/context.ts";

/** What `gc` would remove and keep, each with its reason. Show it before {@link applyGc}. */
export async function planGarbage(
  context: Context,
  request: GcRequest,
  aws: Aws = openAws(context),
): Promise<GcOverview> {
  return planCollection(context, aws, request);
}

/** Removes what the plan names; `failures` (exit 1) are what could not be removed. */
export async function applyGc(
  context: Context,
  plan: GcOverview,
  aws: Aws = openAws(context),
): Promise<GcResult> {
  return applyCollection(context, aws, plan);
}
