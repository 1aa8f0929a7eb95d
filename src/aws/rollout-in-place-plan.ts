import { IgneousError } from "../core/errors.ts";
import type { RolloutHealth } from "./rollout-types.ts";

/** A rollout that keeps the instances and moves their OSTree deployment, in waves of our own. */
export interface InPlacePlan {
  readonly group: string;
  readonly region: string;
  /** Host commit of the build. Nodes pull exactly this checksum, so the server need not be trusted. */
  readonly commit: string;
  /** Static OSTree repo, https. */
  readonly url: string;
  readonly waves: readonly (readonly string[])[];
  /** What the group launches, which stays as it is. */
  readonly runs: GroupRuns;
  /** Seconds between waves, after which a wave is looked at again. */
  readonly bakeTime: number;
  readonly autoRollback: boolean;
  /** CloudWatch alarms that are to be OK before each wave and after it. */
  readonly alarms: readonly string[];
  /** What is asked of the nodes of a wave besides their own health check; null when nothing is. */
  readonly health: RolloutHealth | null;
}

export interface GroupRuns {
  readonly amiId: string;
  readonly template: { readonly id: string; readonly version: number };
}

interface InPlaceRequest {
  readonly group: string;
  readonly region: string;
  readonly commit: string;
  readonly url: string;
  readonly instanceIds: readonly string[];
  readonly runs: GroupRuns;
  readonly minHealthyPercentage: number;
  /** Size of the first wave, in percent; so that little is at risk first. */
  readonly firstPercentage?: number;
  readonly oneAtATime: boolean;
  readonly bakeTime: number;
  readonly autoRollback: boolean;
  readonly alarms?: readonly string[];
  readonly health?: RolloutHealth;
}

/** Splits instances into waves that keep the wanted share in service. Pure. */
export function planInPlace(request: InPlaceRequest): InPlacePlan {
  const { group, region, commit, url, instanceIds, runs, bakeTime, autoRollback } = request;
  if (!/^[0-9a-f]{64}$/u.test(commit)) throw new Error(`${commit} is no commit`);
  if (!/^https?:\/\/[\w.:[\]/~%-]+$/u.test(url)) {
    throw new IgneousError("input-invalid", `'${url}' is not the address of a static OSTree repo`, {
      hint: "give an https address without spaces or quotes",
    });
  }
  const total = instanceIds.length;
  const spare = total - Math.ceil((request.minHealthyPercentage * total) / 100);
  const size = request.oneAtATime ? 1 : Math.max(1, spare);
  const first = Math.max(1, Math.min(size, Math.ceil(((request.firstPercentage ?? 100) * total) / 100)));
  const waves: string[][] = [];
  for (let at = 0; at < total; ) {
    const count = waves.length === 0 ? first : size;
    waves.push(instanceIds.slice(at, at + count));
    at += count;
  }
  const { alarms = [], health = null } = request;
  return { group, region, commit, url, waves, runs, bakeTime, autoRollback, alarms, health };
}

/** The script that brings a node to a commit and reboots it shortly after, so that its answer still gets out. */
export function deployScript({ commit, url }: Pick<InPlacePlan, "commit" | "url">): readonly string[] {
  return [
    "set -eu",
    `commit=${commit}`,
    `igneous-host deploy --from '${url}' "$commit"`,
    "systemd-run --quiet --on-active=5 systemctl reboot",
  ];
}

export const rollbackScript: readonly string[] = [
  "set -eu",
  "igneous-host rollback",
  "systemd-run --quiet --on-active=5 systemctl reboot",
];
