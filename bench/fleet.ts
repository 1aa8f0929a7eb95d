import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { FleetStatus } from "../src/aws/fleet-status.ts";
import { openAws } from "../src/aws/session.ts";
import { watchRegions } from "../src/commands/fleet-watch.ts";
import { prepareRollout } from "../src/commands/rollout.ts";
import { hostContext } from "../src/host/context.ts";
import { growHeapAtOnce } from "../src/host/heap.ts";

/**
 * `npx tsx bench/fleet.ts [GROUPS [INSTANCES]]`: status and plan of a fleet in ten regions on the simulator, which is a
 * process of its own. Ours are the seconds of this process's processor; the wall clock is mostly the simulator's.
 */
growHeapAtOnce();
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const groupCount = Number(process.argv[2] ?? 200);
const instanceCount = Number(process.argv[3] ?? 1000);
const regions = [
  ..."eu-central-1 eu-west-1 eu-west-2 eu-north-1 us-east-1".split(" "),
  ..."us-east-2 us-west-1 us-west-2 ap-southeast-1 ap-southeast-2".split(" "),
];
const argv = ["--import", "tsx", "test/fakes/aws/serve-fleet.ts", String(groupCount), String(instanceCount)];
const server = spawn(process.execPath, [...argv, ...regions], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: server.stdout });
const [endpoint = ""] = (await new Promise<string>((resolve) => lines.once("line", resolve))).split(" ");
const env = {
  ...process.env,
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: "AKIAFAKE",
  AWS_SECRET_ACCESS_KEY: "fake",
};
const stop = new AbortController();
const context = { ...hostContext(() => undefined, stop.signal), env };
const aws = openAws(context);
const image = "ami-0aaaaaaaaaaaaaaa1";
const groups = regions.flatMap((region) =>
  Array.from({ length: groupCount / regions.length }, (_, index) => ({ name: `group-${index}`, region })),
);
const build = { id: `sha256:${"a".repeat(64)}`, amis: regions.map((region) => ({ region, amiId: image })) };
const rollout = { groups };

async function measured<T>(name: string, body: () => Promise<T>, tell: (value: T) => string): Promise<void> {
  const from = performance.now();
  const before = process.cpuUsage();
  const value = await body();
  const { user, system } = process.cpuUsage(before);
  const wall = ((performance.now() - from) / 1000).toFixed(1);
  const cpu = ((user + system) / 1e6).toFixed(1);
  const peak = (process.resourceUsage().maxRSS / 1024).toFixed(0);
  collect();
  const live = (process.memoryUsage().heapUsed / 2 ** 20).toFixed(0);
  process.stdout.write(
    `${name.padEnd(26)} ${wall} s wall, ${cpu} s CPU of ours, peak ${peak} MB, live after it ${live} MB, ${tell(value)}\n`,
  );
}

try {
  process.stdout.write(`${groupCount} groups × ${instanceCount} instances in ${regions.length} regions\n`);
  const locked = { builds: [build], rollouts: [] };
  const watched = { groups, locked: () => Promise.resolve(locked), askNodes: false, lookMs: 5000 };
  // The simulator is one process for all regions.
  const look = (patienceMs = 60_000): Promise<FleetStatus> =>
    watchRegions(context, { ...watched, patienceMs }, () => undefined, false);
  for (const name of ["status", "status, again"]) {
    await measured(
      name,
      () => look(),
      ({ calls }) => `${calls} API calls`,
    );
  }
  const options = { specName: "mainnet-node", rollout, builds: [build] };
  await measured(
    "plan",
    () => prepareRollout(context, options, aws),
    ({ state, plan }) =>
      `${state.calls} API calls, ${plan.groups.flatMap((group) => group.instances).length} instances`,
  );
  server.stdin.write("hang us-east-1\n");
  await measured(
    "status, one region silent",
    () => look(10_000),
    ({ groups: seen, failures }) =>
      `${seen.length} groups shown, ${failures.map(({ message }) => message).join("; ")}`,
  );
} finally {
  stop.abort();
  server.stdin.end();
}
