import { formatSpan } from "../core/units.ts";
import { shortBuild } from "./rollout-target.ts";
import type { GroupPlan, RolloutPlan } from "./rollout-plan-types.ts";
import { healthSeconds } from "./rollout-health.ts";
import type { InPlacePlan } from "./rollout-in-place-plan.ts";
import type { RollbackPlan } from "./rollout-rollback-plan.ts";
import type { RolloutHealth } from "./rollout-types.ts";

/** A plan as an SRE reads it, before saying yes. Plain text, no colours. */
export function renderPlan(plan: RolloutPlan): string {
  const what =
    plan.buildId === null
      ? `an AMI outside the lock (${plan.unlockedReason})`
      : `build ${shortBuild(plan.buildId)}`;
  const size = planSize(plan);
  const order = plan.groups.length === 1 ? "1 group" : `${plan.groups.length} groups in this order`;
  const lines = [
    `roll ${plan.specName} to ${what}, strategy ${plan.strategy}`,
    `${order}, ${size} ${size === 1 ? "instance" : "instances"}${size === 0 ? "" : `, about ${formatSpan(plan.minutes * 60)} in all`}`,
  ];
  for (const group of plan.groups) lines.push("", ...groupLines(group));
  const section = (title: string, items: readonly string[]): void => {
    if (items.length > 0) lines.push("", title, ...items.map((item) => `  ${item}`));
  };
  section("cannot be undone", plan.cannotBeUndone);
  section("mind", plan.cautions.map(problemLine));
  section("in the way", plan.blockers.map(problemLine));
  lines.push("", `plan ${plan.digest}`);
  return `${lines.join("\n")}\n`;
}

function problemLine(problem: RolloutPlan["blockers"][number]): string {
  const hint = problem.hint === undefined ? "" : `\n    ${problem.hint}`;
  return `${problem.group}: ${problem.message}${hint}`;
}

const shownInstances = 12;

function groupLines(group: GroupPlan): readonly string[] {
  const { template, capacity, preferences, wayBack, instances } = group;
  const { checkpointPercentages: checkpoints, maxHealthyPercentage: max } = preferences;
  const verb = template.action === "create" ? "new version" : "existing version";
  const pauses =
    checkpoints.length === 0
      ? "nowhere"
      : `${checkpoints.join(", ")} %, for ${formatSpan(preferences.checkpointDelay)} each`;
  const count = (action: string): number => instances.filter((instance) => instance.action === action).length;
  const others = { keep: "kept", wait: "waited for", ignore: "passed over" } as const;
  const rest = Object.entries(others).filter(([action]) => count(action) > 0);
  const title = `${group.name} in ${group.region}${group.role === null ? "" : ` (${group.role})`}`;
  if (template.from === template.to && count("keep") === instances.length)
    return [
      title,
      `  nothing to replace: ${instances.length === 0 ? "it has no instances" : `each of ${instances.length} runs ${group.amiId}, launch template version ${template.to}`}`,
    ];
  return [
    title,
    `  image      ${wayBack.amiId ?? "none"} → ${group.amiId}`,
    `  template   ${template.name} ${template.id}: ${template.from} → ${template.to} (${verb})`,
    // That there are tags for volumes says no more than the tags.
    ...template.differences
      .filter(({ field }) => !field.endsWith("].ResourceType"))
      .map(({ field, from, to }) => `    ${field}: ${shortValue(from)} → ${shortValue(to)}`),
    `  instances  ${instances.length}: ${[`${count("replace")} replaced`, ...rest.map(([action, word]) => `${count(action)} ${word}`)].join(", ")}`,
    ...instances
      .slice(0, shownInstances)
      .map(
        ({ instanceId, zone, instanceType, state, templateVersion, buildId, imageId, action }) =>
          `    ${action.padEnd(8)}${instanceId}  ${zone}  ${instanceType}  ${state}  version ${templateVersion ?? "?"}  ${buildId === null ? imageId : shortBuild(buildId)}`,
      ),
    ...(instances.length > shownInstances ? [`    … and ${instances.length - shownInstances} more`] : []),
    `  capacity   ${capacity.desired} wanted, never below ${capacity.lowest}, at most ${capacity.highest}; ${capacity.atOnce} at once, about ${formatSpan(capacity.minutes * 60)}`,
    `  cost       ${costLine(group)}`,
    `  health     at least ${preferences.minHealthyPercentage} %${max === null ? "" : `, at most ${max} %`}, warm-up ${formatSpan(preferences.instanceWarmup)}, bake ${formatSpan(preferences.bakeTime)}`,
    ...(preferences.health === null ? [] : [`  each node  ${healthLine(preferences.health)}`]),
    `  pauses at  ${pauses}`,
    `  alarms     ${preferences.alarms.length === 0 ? "none" : `${preferences.alarms.join(", ")} (AWS starts only when each is OK)`}`,
    `  way back   version ${wayBack.version}, ${wayBack.amiId ?? "no AMI"}${wayBack.buildId === null ? "" : ` (build ${shortBuild(wayBack.buildId)})`}${preferences.autoRollback ? ", by itself when it fails" : ", only by hand"}`,
  ];
}

function shortValue(value: string | null): string {
  if (value === null) return "not set";
  return value.length > 48 ? `${value.slice(0, 40)}…` : value;
}

/** What the roll costs on top of what runs; prices are not ours to know. */
function costLine({ capacity, instances }: GroupPlan): string {
  const more = capacity.highest - capacity.desired;
  if (more <= 0) return "no more instances than now";
  const types = [...new Set(instances.map(({ instanceType }) => instanceType))].join(" or ");
  const hours = ((more * capacity.minutes) / 60).toFixed(1);
  return `up to ${more} more ${types} for about ${formatSpan(capacity.minutes * 60)}: ${hours} instance-hours`;
}

function healthLine(health: RolloutHealth): string {
  const asked = [health.node === true ? ["its own boot check, by SSM"] : [], health.http ?? []].flat();
  return `${asked.join(" and ")}, within ${formatSpan(healthSeconds(health))}; else the group goes back`;
}

/** How many instances a plan would touch. */
export function planSize({ groups }: RolloutPlan): number {
  const replaced = ({ instances }: GroupPlan): number =>
    instances.filter(({ action }) => action === "replace").length;
  return groups.reduce((sum, group) => sum + replaced(group), 0);
}

/** How a group goes back, for the person who confirms it. */
export function renderRollbackPlan(
  { name, region }: { readonly name: string; readonly region: string },
  plan: RollbackPlan,
): string {
  if (plan.kind === "new-rollout") return `${plan.why}\n\n${renderPlan(plan.plan)}`;
  const { refresh, action } = plan;
  const far = refresh.percent === undefined ? "" : ` at ${refresh.percent} %`;
  const how = {
    turn: "AWS turns it around: what it replaced is replaced again by what the group ran before",
    follow: "it goes back already, and is followed to its end",
    cancel: "it is cancelled; what it had replaced already goes back by a new rollout",
  }[action];
  return `${name} in ${region}: instance refresh ${refresh.id} is ${refresh.status}${far}\n  ${how}\n`;
}

/** What an in-place rollout does, wave by wave. */
export function renderInPlace(
  specName: string,
  build: string,
  plans: readonly InPlacePlan[],
  digest: string,
): string {
  const lines = [`move the nodes of ${specName} to build ${build}, strategy in-place`];
  for (const plan of plans) {
    const { group, region, commit, url, waves, bakeTime, autoRollback } = plan;
    const count = waves.flat().length;
    lines.push(
      "",
      `${group} in ${region}: ${count} ${count === 1 ? "node" : "nodes"}`,
      `  commit     ${commit}, pulled from ${url}`,
      `  waves      ${waves.length}, of at most ${Math.max(0, ...waves.map(({ length }) => length))}; ${formatSpan(bakeTime)} between them`,
      ...waves
        .slice(0, shownInstances)
        .map((wave, index) => `    ${String(index + 1).padStart(3)}  ${wave.join(" ")}`),
      ...(waves.length > shownInstances ? [`    … and ${waves.length - shownInstances} more`] : []),
      `  stops at   ${stopsAt(plan)}`,
      `  way back   each node keeps what it runs now: ${autoRollback ? "all of them go back by themselves when one fails" : "igneous rollback --host"}, one reboot`,
      "  mind       the launch template stays: machines that the group launches meanwhile run its AMI",
    );
  }
  lines.push("", "cannot be undone", "  every node reboots once", "", `plan ${digest}`);
  return `${lines.join("\n")}\n`;
}

function stopsAt({ alarms, health }: InPlacePlan): string {
  const page = health?.http === undefined ? [] : [`one whose ${health.http} does not answer 2xx`];
  const bells = alarms.length === 0 ? [] : [`alarm ${alarms.join(", ")}`];
  return ["a node that is not healthy by its own check", ...page, ...bells].join("; ");
}
