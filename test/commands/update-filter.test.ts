import { describe, expect, it } from "vitest";
import { loadProject } from "../../src/commands/project.ts";
import { updateFilter } from "../../src/commands/update-filter.ts";

const etcd = "oci:.igneous/images/etcd:3.6.5-0";
const pause = "oci:.igneous/images/pause:3.10";

describe("what `lock --update` names", () => {
  it.each([
    ["a container", "etcd", etcd],
    ["a preloaded image", "pause", pause],
    ["a preloaded image as pods name it", "registry.k8s.io/pause:3.10", pause],
    ["a reference", pause, pause],
    ["the packages", "base", "base"],
  ])("is %s", async (_, name, found) => {
    const project = await loadProject(".");
    const update = updateFilter(project, [name]);
    expect([...project.wanted.references, "base"].filter(update)).toEqual([found]);
  });

  it("is nothing that the spec does not name", async () => {
    const project = await loadProject(".");
    expect(() => updateFilter(project, ["paus"])).toThrow("nothing in the spec is named 'paus'");
  });

  it("is everything when no name is given", async () => {
    const project = await loadProject(".");
    expect(project.wanted.references.every(updateFilter(project, true))).toBe(true);
  });
});
