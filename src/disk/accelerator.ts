import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { bootId } from "../host/boot-id.ts";
import { sleep } from "../host/clock.ts";
import { start } from "../host/exec.ts";
import { findText, writeAtomic } from "../host/files.ts";
import { copyTo, makeFolder, removeTree } from "../host/folders.ts";
import { isWritable } from "../host/object-files.ts";
import { findFirmware } from "./firmware.ts";
import { type Accelerator, type MachinePlan, qemuArgv } from "./qemu-argv.ts";

export interface ProbedAccelerator {
  readonly accelerator: Accelerator;
  /** Why KVM is not used, for people. */
  readonly reason: string;
}

const probeMs = 20_000;

/**
 * Finds out whether KVM really works, by starting the firmware under it: /dev/kvm may exist and hang, or run only kernels
 * made for it. The answer is kept until this machine is restarted.
 */
export async function probeAccelerator(context: Context): Promise<ProbedAccelerator> {
  if (context.env["IGNEOUS_ACCEL"] === "tcg") return { accelerator: "tcg", reason: "IGNEOUS_ACCEL is tcg" };
  const file = join(context.cacheDir, "accelerator.json");
  const boot = await bootId();
  const known = JSON.parse((await findText(file)) ?? "{}") as Partial<ProbedAccelerator> & { boot?: string };
  if (known.boot === boot && known.accelerator !== undefined)
    return { accelerator: known.accelerator, reason: known.reason ?? "" };
  const probed = await probe(context);
  await writeAtomic(file, JSON.stringify({ boot, ...probed }));
  return probed;
}

async function probe(context: Context): Promise<ProbedAccelerator> {
  if (!isWritable("/dev/kvm"))
    return { accelerator: "tcg", reason: "/dev/kvm is not there or may not be opened" };
  const folder = await makeFolder(context.cacheDir, "probe-");
  try {
    const problem = await startFirmware(context, folder);
    if (problem === undefined) return { accelerator: "kvm", reason: "KVM started the firmware" };
    return { accelerator: "tcg", reason: `KVM does not work here: ${problem}` };
  } finally {
    await removeTree(folder);
  }
}

/** Undefined when the firmware came up and wrote to its console. */
async function startFirmware(context: Context, folder: string): Promise<string | undefined> {
  const { code, variables } = await findFirmware();
  await copyTo(variables, join(folder, "vars"));
  const serialLog = join(folder, "serial");
  const plan: MachinePlan = {
    accelerator: "kvm",
    memoryBytes: 256 * 2 ** 20,
    cpus: 1,
    firmware: { code, variables: join(folder, "vars") },
    serialLog,
    forwards: [],
  };
  const qemu = start(context, qemuArgv(plan));
  let ended: string | undefined;
  const watch = async (): Promise<void> => {
    await qemu.done.catch(() => undefined);
    ended = firstLine(qemu.stderrTail());
  };
  const done = watch();
  try {
    for (let waited = 0; waited < probeMs; waited += 250) {
      await Promise.race([done, sleep(250, context.signal)]);
      if (((await findText(serialLog)) ?? "") !== "") return undefined;
      if (ended !== undefined) return ended;
      const stderr = qemu.stderrTail();
      if (stderr.includes("KVM internal error")) return firstLine(stderr);
    }
    return `nothing came from the firmware in ${probeMs / 1000} s`;
  } finally {
    qemu.kill();
    await done;
  }
}

function firstLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.includes("warning:"));
  return lines[0] ?? "QEMU ended at once";
}
