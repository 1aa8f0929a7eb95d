import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The Python environment that scripts/python-tools.sh makes of scripts/requirements.txt. */
const stamp = createHash("sha256")
  .update(readFileSync("scripts/requirements.txt"))
  .digest("hex")
  .slice(0, 12);
const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
const venv = join(cache, "igneous", `python-${stamp}`);

/** The path of a program in the Python environment; fails with the command that makes it. */
export function requirePythonTool(name: string): string {
  const path = join(venv, "bin", name);
  if (!existsSync(path)) throw new Error(`no ${path}; run: scripts/python-tools.sh`);
  return path;
}
