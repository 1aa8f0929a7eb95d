import { formatDuration } from "../core/units.ts";
import { text } from "./report-html.ts";
import type { InstanceEvent } from "./rollout-activities.ts";

const shownLives = 200;
const shownFailed = 10;

interface Life {
  readonly instanceId: string;
  from: number | undefined;
  to: number | undefined;
  bad: boolean;
}

/** Every instance of a rollout as a bar over its time: those that went, those that came, those that did not last. */
export function instanceLives(
  events: readonly InstanceEvent[],
  kept: readonly string[],
  startedAt: string,
  endedAt: string | undefined,
): string {
  if (events.length === 0) return "";
  const start = Date.parse(startedAt);
  const end = Math.max(
    endedAt === undefined ? 0 : Date.parse(endedAt),
    ...events.map(({ at }) => Date.parse(at)),
    start + 1,
  );
  const lives = new Map<string, Life>(
    kept.map((instanceId) => [instanceId, { instanceId, from: undefined, to: undefined, bad: false }]),
  );
  for (const { at, what, instanceId, reason } of events) {
    if (instanceId === undefined) continue;
    const life = lives.get(instanceId) ?? { instanceId, from: undefined, to: undefined, bad: false };
    lives.set(instanceId, life);
    if (what === "launched") life.from = Date.parse(at);
    else life.to = Date.parse(at);
    if (what !== "launched" && reason !== undefined) life.bad = true;
  }
  const share = (time: number): number => Math.round((1000 * (time - start)) / (end - start)) / 10;
  const since = (time: number): string => `+${formatDuration(Math.max(0, time - start))}`;
  const all = [...lives.values()];
  const shown = [...all.filter(({ bad }) => !bad), ...all.filter(({ bad }) => bad).slice(0, shownFailed)];
  const rows = shown.slice(0, shownLives).map(({ instanceId, from, to, bad }) => {
    const left = Math.max(0, share(from ?? start));
    const width = Math.max(0.5, share(to ?? end) - left);
    const kind = bad ? " bad" : from === undefined ? " old" : "";
    const came = from === undefined ? "was there" : `came ${since(from)}`;
    const went = to === undefined ? "stays" : `${bad ? "failed, " : ""}left ${since(to)}`;
    return `<li><div>${text(instanceId)}<span>${text(`${came} · ${went}`)}</span></div><div class="life${kind}"><i style="left:${left}%;width:${width}%"></i></div></li>`;
  });
  const failed = events.filter(
    ({ instanceId, what }) => instanceId === undefined && what === "failed",
  ).length;
  const sick = all.filter(({ bad }) => bad).length;
  const words = [
    failed === 0 ? [] : [`${failed} launches failed`],
    sick === 0 ? [] : [`${sick} new instances failed their health check`],
    shown.length > shownLives || sick > shownFailed ? ["not all are shown"] : [],
  ].flat();
  const more = words.length === 0 ? "" : `<p class="bad">${words.join("; ")}</p>`;
  return `<section><h2>Instances over time</h2>${more}<ul class="lives">${rows.join("\n")}</ul></section>`;
}
