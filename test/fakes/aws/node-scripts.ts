import type { Answer, Node } from "./nodes.ts";
import type { Call } from "./service.ts";
import type { World } from "./world.ts";

const rebootMs = 90_000;
const healthyMs = 180_000;
const fallBackMs = 300_000;

/** What the programs of a node do with the scripts that igneous sends. */
export function runScript(world: World, id: string, node: Node, script: string, call: Call): Answer {
  if (world.nodes.failing.has(id)) return { output: "igneous-host: no space left on device", code: 1 };
  if (script.includes("igneous-host status --json")) {
    const shown = (commit: string | undefined): object | null => (commit === undefined ? null : { commit });
    const status = {
      firstBootComplete: true,
      rollbackPossible: node.previous !== undefined,
      fellBack: node.fellBack,
      triesLeft: node.triesLeft,
      booted: shown(node.booted),
      next: shown(node.next),
      rollback: shown(node.previous),
    };
    return { output: JSON.stringify(status), code: 0 };
  }
  const commit = /^commit=([0-9a-f]{64})$/mu.exec(script)?.[1];
  if (script.includes("igneous-host rollback")) {
    if (node.previous === undefined) return { output: "igneous-host: rollback refused: nothing", code: 1 };
    node.next = node.previous;
  } else if (commit !== undefined) {
    node.next = commit;
    node.triesLeft = "3";
  }
  if (!script.includes("systemctl reboot")) return { output: `the next boot is ${node.next}`, code: 0 };
  const target = node.next;
  call.clock.at(call.now + 5000, () => boot(node, target, call.now + 5000 + rebootMs));
  if (!world.nodes.badCommits.has(target)) {
    call.clock.at(call.now + healthyMs, () => void (node.triesLeft = ""));
  } else {
    const back = node.booted;
    call.clock.at(call.now + fallBackMs, () => {
      boot(node, back, call.now + fallBackMs + rebootMs);
      node.next = back;
      node.previous = undefined;
      node.triesLeft = "";
      node.fellBack = `${target} did not become healthy`;
    });
  }
  return { output: `the next boot is ${target}`, code: 0 };
}

function boot(node: Node, commit: string, until: number): void {
  if (node.booted !== commit) node.previous = node.booted;
  node.booted = commit;
  node.offlineUntil = until;
}
