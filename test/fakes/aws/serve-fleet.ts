import { createInterface } from "node:readline";
import { addGroup, addTemplate } from "./fleet-groups.ts";
import { startSimulator } from "./simulator.ts";

/**
 * `serve-fleet.ts GROUPS INSTANCES REGION…`: a simulator with so many groups in all and instances in each, as a process of
 * its own, for benchmarks. Prints its endpoint; a line `hang REGION` on stdin silences a region; ends with its stdin.
 */
const [groups = "1", instances = "1", ...regions] = process.argv.slice(2);
const simulator = await startSimulator();
const [first] = regions;
for (const region of regions) {
  const data = { ImageId: "ami-0aaaaaaaaaaaaaaa1", InstanceType: "m7i.large" } as const;
  const template = addTemplate(simulator.world, region, "nodes", data);
  for (let count = 0; count < Number(groups) / regions.length; count++) {
    addGroup(simulator.world, template, `group-${count}`, Number(instances));
  }
}
process.stdout.write(`${simulator.endpoint} ${first}\n`);
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const region = line.replace("hang ", "");
  simulator.faults.add({ region, effect: { kind: "hang" } });
});
lines.on("close", () => process.exit(0));
