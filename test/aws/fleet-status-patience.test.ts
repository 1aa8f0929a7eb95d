import { describe, expect, it } from "vitest";
import type { AwsClock } from "../../src/aws/apis.ts";
import { readFleet } from "../../src/aws/fleet-status-read.ts";
import { openAws } from "../../src/aws/session.ts";
import { fleets, region } from "./fleets.ts";

/** A clock that moves only when it is told to. */
function handClock(): AwsClock & { readonly pass: (ms: number) => void } {
  let now = 0;
  let sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms) => new Promise((wake) => sleepers.push({ until: now + ms, wake })),
    pass: (ms) => {
      now += ms;
      const due = sleepers.filter(({ until }) => until <= now);
      sleepers = sleepers.filter(({ until }) => until > now);
      for (const { wake } of due) wake();
    },
  };
}

describe("patience with a region", () => {
  it("lasts as long as answers come, however many they are", async () => {
    const { context, sim, group } = await fleets();
    group("workers", 2500);
    const clock = handClock();
    let seconds = 0;
    const when = (): false => {
      clock.pass(2000);
      seconds += 2;
      return false;
    };
    sim.faults.add({ when, effect: { kind: "hang" } });
    const wanted = { groups: [{ name: "workers", region }], images: [], brief: true, patienceMs: 5000 };
    const state = await readFleet(context, openAws(context, { clock }), wanted);
    expect(seconds).toBeGreaterThan(5);
    expect(state.failures).toEqual([]);
    expect(state.groups[0]?.instances).toHaveLength(2500);
  });
});
