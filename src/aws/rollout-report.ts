import { formatDuration } from "../core/units.ts";
import type { Sighting } from "./instance-refresh-watch.ts";
import { facts, list, page, table, text } from "./report-html.ts";
import { instanceLives } from "./report-lives.ts";
import type { RolloutOutcome } from "./rollout-outcome.ts";
import { shortBuild } from "./rollout-target.ts";
import type { GroupPlan, RolloutPlan } from "./rollout-plan-types.ts";
import type { RolloutStatus } from "./rollout-types.ts";

/** One page about a rollout; `more` is what its build has to say. */
export function renderRolloutReport(plan: RolloutPlan, outcome: RolloutOutcome, more = ""): string {
  const { rollout, timeline, explanation, events = [], nodes = [] } = outcome;
  const group = plan.groups.find(({ name, region }) => name === rollout.group && region === rollout.region);
  const what = rollout.buildId === undefined ? rollout.amiId : `build ${shortBuild(rollout.buildId)}`;
  const title = `${rollout.group}: ${what} ${words[rollout.status]}`;
  const kept = (group?.instances ?? []).map(({ instanceId }) => instanceId);
  const cautions = plan.cautions.filter((problem) => problem.group === rollout.group);
  return page(
    title,
    `<p class="kicker">${text(plan.specName)} · ${text(rollout.group)} · ${text(rollout.region)}</p>
<h1><span class="mark ${tone(rollout.status)}">${text(marks[tone(rollout.status)])}</span> ${text(what)} ${text(words[rollout.status])}</h1>
${list("why", explanation)}
${facts([
  ["strategy", rollout.strategy],
  ["started", `${rollout.startedAt.slice(0, 19).replace("T", " ")} UTC`],
  ["took", took(rollout.startedAt, rollout.endedAt)],
  ["image", `${rollout.previous?.amiId ?? "none"} → ${rollout.amiId}`],
  ["template version", `${rollout.previous?.version ?? "none"} → ${rollout.launchTemplate.version}`],
  ["outside the lock", rollout.unlockedReason],
  ["takes back", rollout.rollbackOf],
  ["rollout", rollout.id],
  ["plan", rollout.plan],
])}
${timeline.length === 0 ? "" : `<h2>What happened</h2>\n${timelineTable(timeline)}`}
${instanceLives(events, kept, rollout.startedAt, rollout.endedAt)}
${table(
  "Nodes",
  ["node", "became", "why", "said"],
  nodes.map(({ instanceId, state, reason, output }) => [
    instanceId,
    state,
    reason,
    output.trim().slice(-300),
  ]),
)}
${more}
${group === undefined ? "" : groupSection(group)}
${list(
  "Minded before",
  cautions.map(({ message }) => message),
)}`,
  );
}

const words: Readonly<Record<RolloutStatus, string>> = {
  "in-progress": "is being rolled out",
  succeeded: "is rolled out",
  unchanged: "ran already",
  failed: "failed",
  cancelled: "was cancelled",
  "rolled-back": "went back",
  "rollback-failed": "failed, and so did the way back",
};

const marks = { good: "✓", bad: "✗", open: "…" } as const;

function tone(status: RolloutStatus): keyof typeof marks {
  if (status === "succeeded" || status === "unchanged") return "good";
  return status === "in-progress" ? "open" : "bad";
}

function took(from: string, to: string | undefined): string | undefined {
  return to === undefined ? undefined : formatDuration(Date.parse(to) - Date.parse(from));
}

function timelineTable(timeline: readonly Sighting[]): string {
  const start = Date.parse(timeline[0]?.at ?? "");
  const rows = timeline.map(({ at, status, percent, reason }) => {
    const since = formatDuration(Date.parse(at) - start);
    const share = percent ?? 0;
    const bar = `<div class="bar" role="img" aria-label="${share} percent"><i style="width:${share}%"></i></div>`;
    return `<tr><td class="num">+${text(since)}</td><td>${text(status)}${percent === null ? "" : ` ${percent} %`}${bar}${reason === null ? "" : `<small>${text(reason)}</small>`}</td></tr>`;
  });
  return `<table class="timeline"><tbody>${rows.join("\n")}</tbody></table>`;
}

function groupSection({ capacity, template, wayBack }: GroupPlan): string {
  const way = wayBack.possible
    ? `version ${wayBack.version}, ${wayBack.amiId ?? ""}`
    : `none: ${wayBack.why ?? ""}`;
  const rows = template.differences.map(({ field, from, to }) => [field, from ?? "not set", to ?? "not set"]);
  return `<h2>What was planned</h2>
${facts([
  [
    "capacity",
    `${capacity.desired} wanted, never below ${capacity.lowest}, at most ${capacity.highest}, ${capacity.atOnce} at once`,
  ],
  ["way back", way],
])}
${table(`Launch template ${template.name}, ${template.from} → ${template.to}`, ["field", "before", "after"], rows)}`;
}
