/** Runs the programs that make a project's base, and throws the tree away. Usage: compose-floor.ts PROJECT SCRATCH */
import { mkdirSync } from "node:fs";
import { startComposition } from "../src/base/compose.ts";
import { openToolsRoot } from "../src/base/tools.ts";
import { hostContext } from "../src/host/context.ts";
import { readLock } from "../src/lock/file.ts";

const [project = "", scratch = ""] = process.argv.slice(2);
mkdirSync(scratch, { recursive: true });
const context = hostContext(() => undefined, new AbortController().signal);
const { base } = await readLock(project);
const tools = await openToolsRoot(context, base);
const composing = await startComposition(context, { locked: base, tools, scratch });
composing.stdout.resume();
await composing.done;
