import { type ChildProcess, execFileSync, type ExecFileSyncOptions, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const repository = resolve(import.meta.dirname, "../..");
export const program = join(repository, "dist/main.js");

export interface Finished {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds the sample images where they are not there yet, and compiles what is run. */
export function prepare(): void {
  const options: ExecFileSyncOptions = { cwd: repository, stdio: ["ignore", "ignore", "inherit"] };
  execFileSync("scripts/setup.sh", [], options);
  execFileSync("scripts/sample-images.sh", [], options);
}

/** With IGNEOUS_E2E_KEEP set, a project and its bakes are there for the next run: for whoever works on a test. */
const keep = process.env["IGNEOUS_E2E_KEEP"] !== undefined;

/** A copy of the sample project in a folder of its own. Below the repository the images are hard links. */
export function makeProject(name: string, elsewhere?: string): string {
  const parent = elsewhere ?? join(repository, ".igneous");
  mkdirSync(parent, { recursive: true });
  const folder = keep ? join(parent, `e2e-${name}-kept`) : mkdtempSync(join(parent, `e2e-${name}-`));
  if (existsSync(join(folder, ".igneous"))) {
    cpSync(join(repository, "igneous.yaml"), join(folder, "igneous.yaml"));
    return folder;
  }
  mkdirSync(folder, { recursive: true });
  for (const file of ["igneous.yaml", "images.lock.json", "butane"]) {
    cpSync(join(repository, file), join(folder, file), { recursive: true });
  }
  mkdirSync(join(folder, ".igneous"));
  execFileSync("cp", [
    elsewhere === undefined ? "-al" : "-a",
    join(repository, ".igneous/images"),
    join(folder, ".igneous/images"),
  ]);
  writeFileSync(join(folder, "images.lock.json"), readFileSync(join(repository, "images.lock.json")));
  return folder;
}

/** Removes a project with all that was baked in it. */
export function removeProject(project: string): void {
  if (project !== "" && !keep) execFileSync("rm", ["-rf", project]);
}

/** Runs the program to its end. */
export async function igneous(folder: string, ...words: readonly string[]): Promise<Finished> {
  const [finished] = startIgneous(folder, words);
  return finished;
}

/** Starts the program; the result is there when it has ended. */
export function startIgneous(
  folder: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): readonly [Promise<Finished>, ChildProcess] {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    if (process.env["CI"] !== undefined) process.stderr.write(text);
  });
  const finished = new Promise<Finished>((done) =>
    child.on("close", (exit) => done({ exit, stdout, stderr })),
  );
  return [finished, child];
}
