import type { PublishSpec } from "../aws/publish-types.ts";
import { publishProblems } from "../aws/publish-rules.ts";
import { IgneousError } from "../core/errors.ts";
import { renderPath } from "../core/schema-problems.ts";
import { refuse } from "../spec/load.ts";
import { located, type Project, specFileName } from "./project.ts";

/** The spec's `publish:` section, or an error that says where it goes; its problems come with their lines. */
export function requirePublish(project: Project): PublishSpec {
  const { loaded } = project;
  const section = loaded.spec.publish;
  if (section === undefined) {
    throw new IgneousError("input-invalid", `${specFileName} has no section 'publish'`, {
      hint: "say where the image goes: publish: { regions: [eu-central-1] }",
    });
  }
  const problems = publishProblems(section).map(({ path, message }) => ({
    severity: "error" as const,
    message,
    path: renderPath(["publish", ...path]),
  }));
  refuse(loaded.file, loaded.source, located(loaded, problems));
  return section;
}
