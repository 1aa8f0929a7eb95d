import { describe, expect, it } from "vitest";
import { watchSerial } from "../../src/disk/serial.ts";

describe("watchSerial", () => {
  it("counts a panic once, even when its line comes in pieces", () => {
    const seen: number[] = [];
    const serial = watchSerial((count) => seen.push(count));
    serial.add("[    2.7] Kernel pan");
    serial.add("ic - not syncing: Fatal exception in interrupt\r\n");
    serial.add("[    4.5] ---[ end Kernel panic - not syncing: Fatal exception in interrupt ]---\r\n");
    expect(seen).toEqual([1]);
    expect(serial.panics()).toBe(1);
  });

  it("measures how slow the machine is from the kernel's own clock, never below hardware", () => {
    const serial = watchSerial(() => undefined);
    expect(serial.slowness()).toBeUndefined();
    serial.add("[    8.780000] Run /init as init process\n");
    expect(serial.slowness()).toBeCloseTo(8.78);
    serial.add("[    0.400000] Run /init as init process\n");
    expect(serial.slowness()).toBe(1);
  });

  it("keeps the text without colours", () => {
    const serial = watchSerial(() => undefined);
    serial.add("\u001b[0;32m  OK  \u001b[0m Started x\r\n");
    expect(serial.tail()).toBe("  OK   Started x\n");
  });
});
