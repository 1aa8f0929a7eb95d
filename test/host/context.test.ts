import { once } from "node:events";
import { expect, it } from "vitest";
import { sleep } from "../../src/host/clock.ts";
import { hostContext } from "../../src/host/context.ts";

it("a hundred things may wait at once without Node warning the user of a leak", async () => {
  const stop = new AbortController();
  const { signal } = hostContext(() => undefined, stop.signal);
  const warned = new AbortController();
  const warning = once(process, "warning", { signal: warned.signal }).then(
    ([given]) => (given as Error).name,
    () => "none",
  );
  const waits = Array.from({ length: 100 }, () => sleep(60_000, signal).catch(() => "stopped"));
  // Warnings are sent in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort();
  expect(new Set(await Promise.all(waits))).toEqual(new Set(["stopped"]));
  warned.abort();
  expect(await warning).toBe("none");
});
