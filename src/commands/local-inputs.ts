import { dirname, join, relative } from "node:path";
import { type Digest, digestOf } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import type { LocalFiles } from "../core/local-files.ts";
import { openLocalFiles } from "../host/local-files.ts";
import type { Project, Template } from "./project.ts";
import { bootRoles, variablesOf } from "./template-variables.ts";
import { translateTemplate } from "./templates.ts";

/**
 * Digests of the files that templates embed (`local`, `contents_local`, `trees`), by their path beside the spec: they are
 * inputs as the templates themselves are. A template with errors tells nothing here; whoever renders it tells the errors.
 */
export function localInputs(
  project: Pick<Project, "folder" | "loaded">,
  templates: readonly Template[],
): Readonly<Record<string, Digest>> {
  const found: Record<string, Digest> = {};
  const variables = variablesOf(project.loaded, { roles: bootRoles(project.loaded.spec) });
  for (const template of templates) {
    const folder = dirname(join(project.folder, template.path));
    const files = recording(openLocalFiles(folder, project.folder), (path, contents, isProgram) => {
      const name = relative(project.folder, path);
      found[isProgram ? `${name} (executable)` : name] = digestOf(contents);
    });
    try {
      translateTemplate(project, template, variables, { files });
    } catch (error) {
      if (!(error instanceof IgneousError)) throw error;
    }
  }
  return found;
}

type Remember = (path: string, contents: Uint8Array | string, isProgram: boolean) => void;

function recording(files: LocalFiles, record: Remember): LocalFiles {
  return {
    ...files,
    read: (path) => {
      const contents = files.read(path);
      record(path, contents, (files.stat(path).mode & 0o111) !== 0);
      return contents;
    },
    readLink: (path) => {
      const target = files.readLink(path);
      record(path, target, false);
      return target;
    },
  };
}
