import type { Context } from "../core/context.ts";
import type { Repo } from "../ostree/repo.ts";
import type { Commits } from "./bake.ts";
import type { Payload } from "./bake-payload.ts";
import type { BakePlan } from "./bake-plan.ts";
import type { CheckSummary } from "./bake-result.ts";
import type { BuildState } from "./build-folder.ts";
import type { Project } from "./project.ts";

export async function checkBuild(
  _context: Context,
  _project: Project,
  _repo: Repo,
  {
    state,
  }: {
    readonly plan: BakePlan;
    readonly payload: Payload;
    readonly commits: Commits;
    readonly state: BuildState;
  },
): Promise<{ readonly state: BuildState; readonly check: CheckSummary | null }> {
  return { state, check: null };
}
