import { formatDuration } from "../core/units.ts";
import type { Sighting } from "./instance-refresh-watch.ts";
import type { RolloutOutcome } from "./rollout-apply.ts";
import { shortBuild } from "./rollout-plan.ts";
import type { GroupPlan, RolloutPlan } from "./rollout-plan-types.ts";
import type { RolloutStatus } from "./rollout-types.ts";

/** One page about a rollout, with nothing to load from elsewhere. Reads well on a phone, in light and dark. */
export function renderRolloutReport(plan: RolloutPlan, outcome: RolloutOutcome): string {
  const { rollout, timeline, explanation } = outcome;
  const group = plan.groups.find(({ name, region }) => name === rollout.group && region === rollout.region);
  const what = rollout.buildId === undefined ? rollout.amiId : `build ${shortBuild(rollout.buildId)}`;
  const title = `${rollout.group}: ${what} ${words[rollout.status]}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>${style}</style>
<main>
<p class="kicker">${text(plan.specName)} · ${text(rollout.group)} · ${text(rollout.region)}</p>
<h1><span class="mark ${tone(rollout.status)}">${text(marks[tone(rollout.status)])}</span> ${text(what)} ${text(words[rollout.status])}</h1>
${list("why", explanation)}
${facts([
  ["strategy", rollout.strategy],
  ["started", rollout.startedAt],
  ["took", took(rollout.startedAt, rollout.endedAt)],
  ["image", `${rollout.previous?.amiId ?? "none"} → ${rollout.amiId}`],
  ["template version", `${rollout.previous?.version ?? "none"} → ${rollout.launchTemplate.version}`],
  ["outside the lock", rollout.unlockedReason],
  ["takes back", rollout.rollbackOf],
  ["rollout", rollout.id],
  ["plan", rollout.plan],
])}
${timeline.length === 0 ? "" : `<h2>What happened</h2>\n${timelineTable(timeline)}`}
${group === undefined ? "" : groupSection(group)}
${list(
  "Minded before",
  plan.cautions.filter((problem) => problem.group === rollout.group).map(({ message }) => message),
)}
</main>
</html>
`;
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

/** Everything that AWS or a person wrote goes through here. */
function text(value: string | number): string {
  return String(value)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function facts(rows: readonly (readonly [string, string | undefined])[]): string {
  const items = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`<dt>${text(name)}</dt><dd>${text(value)}</dd>`],
  );
  return `<dl>${items.join("")}</dl>`;
}

function list(title: string, items: readonly string[]): string {
  if (items.length === 0) return "";
  return `<section><h2>${text(title)}</h2><ul>${items.map((item) => `<li>${text(item)}</li>`).join("")}</ul></section>`;
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

function groupSection({ instances, capacity, template, wayBack }: GroupPlan): string {
  const differences = template.differences
    .map(
      ({ field, from, to }) =>
        `<tr><td>${text(field)}</td><td>${text(from ?? "not set")}</td><td>${text(to ?? "not set")}</td></tr>`,
    )
    .join("\n");
  const members = instances
    .map(
      ({ instanceId, zone, action, buildId, imageId }) =>
        `<tr><td>${text(instanceId)}</td><td>${text(zone)}</td><td>${text(action)}</td><td>${text(buildId === null ? (imageId ?? "?") : shortBuild(buildId))}</td></tr>`,
    )
    .join("\n");
  return `<h2>What was planned</h2>
${facts([
  [
    "capacity",
    `${capacity.desired} wanted, never below ${capacity.lowest}, at most ${capacity.highest}, ${capacity.atOnce} at once`,
  ],
  [
    "way back",
    wayBack.possible ? `version ${wayBack.version}, ${wayBack.amiId ?? ""}` : `none: ${wayBack.why ?? ""}`,
  ],
])}
<h2>Launch template ${text(template.name)}, ${template.from} → ${template.to}</h2>
<div class="wide"><table><thead><tr><th>field</th><th>before</th><th>after</th></tr></thead><tbody>${differences}</tbody></table></div>
<h2>Instances before</h2>
<div class="wide"><table><thead><tr><th>instance</th><th>zone</th><th>planned</th><th>ran</th></tr></thead><tbody>${members}</tbody></table></div>`;
}

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--line:#d9dee4;--page:#fff;--good:#18794e;--bad:#b42318;--open:#8a5a00;--fill:#3b6fd4}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a0a8b3;--line:#333a43;--page:#14171b;--good:#5fd39b;--bad:#ff8a7a;--open:#f2c04b;--fill:#7ba2f2}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:52rem;margin:0 auto;padding:1.25rem 1rem 4rem}h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0 1rem}
h2{font-size:1.05rem;margin:2rem 0 .5rem}.kicker{color:var(--soft);margin:0}.good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--open)}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.25rem 1rem;margin:1rem 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
ul{padding-left:1.2rem}li{overflow-wrap:anywhere}table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:500}.num{white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--soft)}.wide{overflow-x:auto}
.bar{height:6px;background:var(--line);border-radius:3px;margin:.3rem 0}.bar i{display:block;height:100%;background:var(--fill);border-radius:3px}small{color:var(--soft);display:block;overflow-wrap:anywhere}`;
