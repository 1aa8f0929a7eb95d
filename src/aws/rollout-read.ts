import type { Context } from "../core/context.ts";
import type { Aws } from "./apis.ts";
import { readFleet } from "./fleet-status-read.ts";
import type { FleetState } from "./fleet-status-types.ts";
import type { RolloutRequest } from "./rollout-types.ts";

/** Reads what a request is about. */
export function readForRollout(
  context: Context,
  aws: Aws,
  request: Pick<RolloutRequest, "groups" | "target"> & Partial<Pick<RolloutRequest, "preferences">>,
): Promise<FleetState> {
  const { target, groups, preferences } = request;
  return readFleet(context, aws, {
    groups,
    images: target.kind === "build" ? target.build.amis : [target],
    alarms: preferences?.alarms ?? [],
  });
}
