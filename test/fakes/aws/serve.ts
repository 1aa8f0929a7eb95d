import { startSimulator } from "./simulator.ts";

/** `serve.ts`: the simulator as a process of its own, for benchmarks. Keeps digests and forgets bytes. Prints its endpoint; ends with its stdin. */
const simulator = await startSimulator();
simulator.world.keepBlocks = false;
process.stdout.write(`${simulator.endpoint}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
