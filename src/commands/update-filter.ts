import { IgneousError } from "../core/errors.ts";
import type { Project } from "./project.ts";

/**
 * What `igneous lock --update NAME…` resolves again: `base`, `source-amis`, a container, a preloaded image (by its name for pods, or the
 * last part of that without the tag), or an image by its whole reference. An unknown name is an error of code `usage`.
 */
export function updateFilter(
  project: Pick<Project, "containers" | "preload" | "wanted">,
  update: true | readonly string[],
): (name: string) => boolean {
  if (update === true) return () => true;
  const names = new Map<string, string>();
  for (const { name, image } of project.preload) {
    names.set(lastPart(name), image);
    names.set(name, image);
  }
  for (const reference of project.wanted.references) names.set(reference, reference);
  for (const { name, image } of project.containers) names.set(name, image);
  names.set("base", "base");
  if (project.wanted.sourceAmis.length > 0) names.set("source-amis", "source-amis");
  const wanted = new Set<string>();
  for (const name of update) {
    const target = names.get(name);
    if (target === undefined) {
      const known = [...names.keys()].filter((key) => !key.includes("/")).sort();
      throw new IgneousError("usage", `nothing in the spec is named '${name}'`, {
        hint: `name one of: ${known.join(", ")}`,
      });
    }
    wanted.add(target);
  }
  return (name) => wanted.has(name);
}

function lastPart(name: string): string {
  return (name.split("/").at(-1) ?? name).replace(/[:@].*$/u, "");
}
