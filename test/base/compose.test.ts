import { describe, expect, it } from "vitest";
import { composeProgress } from "../../src/base/compose.ts";
import type { Event } from "../../src/core/context.ts";

describe("composeProgress", () => {
  it("counts what dpkg says, also when a line comes in two pieces, and names the stages after it", () => {
    const seen: Event[] = [];
    const onText = composeProgress((event) => seen.push(event), 2);
    onText("Unpacking libc6:amd64 (2.41-12) ...\nSelecting previously unselected package zlib1g.\nUnpack");
    onText("ing zlib1g (1.3) ...\nSetting up libc6:amd64 (2.41-12) ...\nSetting up zlib1g (1.3) ...\n");
    onText("stage: making the initrd\n");
    const told = seen.map((event) => (event.type === "step-progress" ? [event.done, event.note] : []));
    expect(told).toEqual([
      [1, "packages unpacked and set up"],
      [4, "packages unpacked and set up"],
      [2, "making the initrd"],
    ]);
  });
});
