import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Finished, makeProject, repository } from "./project.ts";

const user = "igneous-e2e";

/** A project of an account without any rights, with the program and the packages that were fetched already. */
export interface PlainUser {
  readonly run: (...words: readonly string[]) => Promise<Finished>;
  readonly remove: () => void;
}

/** Makes the account (root only). Its home is on the file system of the temporary folder. */
export function makePlainUser(cache: string): PlainUser {
  const parent = mkdtempSync(join(tmpdir(), "igneous-plain-"));
  const home = join(parent, "home");
  execFileSync("chmod", ["755", parent]);
  execFileSync("useradd", ["--create-home", "--home-dir", home, "--shell", "/bin/bash", user]);
  const app = join(home, "igneous");
  mkdirSync(app);
  for (const part of ["dist", "node", "package.json", "node_modules"]) {
    execFileSync("cp", ["-a", join(repository, part), join(app, part)]);
  }
  const project = makeProject("plain", home);
  const debs = join(home, ".cache/igneous/debs");
  mkdirSync(join(home, ".cache/igneous"), { recursive: true });
  execFileSync("cp", ["-a", join(cache, "debs"), debs]);
  execFileSync("chown", ["-R", `${user}:${user}`, home]);
  const argv = ["--reuid", user, "--regid", user, "--init-groups", "--", "env", "-i", `HOME=${home}`];
  const path = `PATH=/usr/local/bin:/usr/bin:/bin`;
  return {
    run: (...words) =>
      new Promise((done) => {
        const all = [...argv, path, process.execPath, join(app, "dist/main.js"), ...words];
        const child = spawn("setpriv", all, { cwd: project, stdio: ["ignore", "pipe", "pipe"] });
        let stdout = "";
        let stderr = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
        child.on("close", (exit) => done({ exit, stdout, stderr }));
      }),
    remove: () => {
      execFileSync("userdel", [user]);
      execFileSync("rm", ["-rf", parent]);
    },
  };
}
