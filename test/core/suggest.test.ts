import { describe, expect, it } from "vitest";
import { findSuggestion } from "../../src/core/suggest.ts";

describe("findSuggestion", () => {
  it("finds what a typing error meant", () => {
    expect(findSuggestion("kuberntes", ["kubernetes", "containers"])).toBe("kubernetes");
    expect(findSuggestion("imgae", ["image", "user"])).toBe("image");
    expect(findSuggestion("Name", ["name"])).toBe("name");
  });

  it("does not guess when nothing is near", () => {
    expect(findSuggestion("x", ["name", "platform"])).toBeUndefined();
    expect(findSuggestion("terraform", ["name", "platform"])).toBeUndefined();
  });
});
