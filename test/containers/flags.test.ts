import { describe, expect, it } from "vitest";
import { mergeFlags } from "../../src/containers/flags.ts";

describe("mergeFlags", () => {
  it("replaces a flag in its place and adds the others at the end", () => {
    expect(mergeFlags(["--a=1", "--b=2"], ["--c=3", "--a=9"])).toEqual(["--a=9", "--b=2", "--c=3"]);
  });

  it("keeps both values of a flag that is given twice", () => {
    expect(mergeFlags(["--feature=x", "--b"], ["--feature=y", "--feature=z"])).toEqual([
      "--feature=y",
      "--feature=z",
      "--b",
    ]);
  });

  it("keeps words that are no flags", () => {
    expect(mergeFlags(["run", "--a"], ["run", "fast"])).toEqual(["run", "--a", "run", "fast"]);
  });
});
