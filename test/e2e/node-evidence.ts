import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Guest } from "../../src/disk/guest.ts";
import { repository } from "./project.ts";

/** Where the logs of a project's machines stay when the project is gone. */
export function evidenceFolder(project: string): string {
  const folder = join(repository, ".igneous/e2e-logs", basename(project));
  mkdirSync(folder, { recursive: true });
  return folder;
}

const summary = `
echo "--- up $(cut -d ' ' -f 1 /proc/uptime) s; health, failed units, jobs, restarts"
cat /run/igneous/health /run/igneous/status 2>/dev/null
systemctl list-units --failed --no-legend
systemctl list-jobs --no-legend
for unit in /usr/lib/systemd/system/igneous.target.wants/*.service; do
  unit=$(basename "$unit")
  systemctl show --property=Id --property=ActiveState --property=NRestarts --value "$unit" | paste -sd ' '
done
echo '--- warnings'
journalctl --boot --priority=warning --lines=25 --no-pager --output=short-monotonic
echo '--- the end of the journal'
journalctl --boot --lines=25 --no-pager --output=short-monotonic
`;

/** What a person would look at first on a node that is not well; the whole journal goes to {@link evidenceFolder}. */
export async function giveEvidence(
  { folder, name }: { readonly folder: string; readonly name: string },
  run: (script: string) => ReturnType<Guest["run"]>,
): Promise<string> {
  const path = join(evidenceFolder(folder), `${name}.journal`);
  try {
    const journal = await run("journalctl --no-pager --output=short-monotonic");
    writeFileSync(path, journal.stdout);
    const { stdout, stderr } = await run(summary);
    return `${stdout}${stderr}\nthe whole journal: ${path}`;
  } catch (error) {
    return `and the machine does not answer: ${String(error)}; see ${path.replace(/journal$/u, "serial.log")}`;
  }
}
