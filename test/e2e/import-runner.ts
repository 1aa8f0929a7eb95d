/** `igneous import` as a process of its own, which tells of each step of its progress so that it can be killed there. */
import { writeSync } from "node:fs";
import { importImages } from "../../src/commands/import.ts";
import { hostContext } from "../../src/host/context.ts";

const [repo = "", ...references] = process.argv.slice(2);
const context = hostContext((event) => {
  if (event.type === "step-progress") writeSync(1, "progress\n");
}, new AbortController().signal);
const imported = await importImages(context, { references, repo });
writeSync(1, `${JSON.stringify(imported)}\n`);
