import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The Python environment that scripts/python-tools.sh makes. */
const venv = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "igneous", "venv");

/** The path of a program in the Python environment; fails with the command that makes it. */
export function requirePythonTool(name: string): string {
  const path = join(venv, "bin", name);
  if (!existsSync(path)) throw new Error(`no ${path}; run: scripts/python-tools.sh`);
  return path;
}
