import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Context, Event } from "../src/core/context.ts";
import { hostContext } from "../src/host/context.ts";
import { needTool } from "../src/host/tools.ts";

/** A context for tests, with the events that were emitted; its cache is a folder of its own. */
export function testContext(cacheDir = "/nonexistent-igneous-cache"): Context & { readonly events: Event[] } {
  const events: Event[] = [];
  const context = hostContext((event) => events.push(event), new AbortController().signal);
  return { ...context, cacheDir, events };
}

/** The path of a program that a test judges with; fails with the command that installs it. */
export function requireTool(name: string): string {
  return needTool(testContext(), name);
}

/** A folder that is gone when the test has ended. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "igneous-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
