import { relative, resolve } from "node:path";
import { bytesToText } from "../core/byte-text.ts";
import type { Report } from "../core/report.ts";
import { readNamedInput, writeOutput } from "../host/input.ts";
import { loadProject } from "./project.ts";
import { renderOneTemplate } from "./templates.ts";

export interface TemplateOptions {
  readonly cwd: string;
  /** Folder of igneous.yaml. */
  readonly project: string;
  /** Standard input when undefined. */
  readonly file: string | undefined;
  readonly output: string | undefined;
  readonly check: boolean;
  readonly pretty: boolean;
  /** Warnings are errors. */
  readonly strict: boolean;
  readonly ignitionMax: string | undefined;
}

export interface RenderedTemplateFile {
  /** Empty when it was only to be checked, or went to a file. */
  readonly stdout: string;
  readonly warnings: Report;
}

/** One template by itself as `bake` would take it: Handlebars with the spec's variables, then Butane. */
export async function butaneTemplate(options: TemplateOptions): Promise<RenderedTemplateFile> {
  const { cwd, file, output, pretty, strict, ignitionMax } = options;
  const project = await loadProject(resolve(cwd, options.project));
  const source = bytesToText(await readNamedInput(cwd, file));
  const path = file === undefined ? "<stdin>" : relative(project.folder, resolve(cwd, file));
  const { json, diagnostics } = renderOneTemplate(project, { path, source }, { strict, ignitionMax });
  const text = `${pretty ? JSON.stringify(JSON.parse(json), null, 2) : json}\n`;
  const isWritten = !options.check && output !== undefined && output !== "";
  if (isWritten) await writeOutput(cwd, output, text);
  return {
    stdout: options.check || isWritten ? "" : text,
    warnings: { file: path, source, diagnostics },
  };
}
