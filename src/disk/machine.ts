import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { run, start } from "../host/exec.ts";
import { sizeOf } from "../host/files.ts";
import { followFile } from "../host/follow.ts";
import { copyTo, removeTree } from "../host/folders.ts";
import { needTool } from "../host/tools.ts";
import { sleep } from "../host/clock.ts";
import { probeAccelerator } from "./accelerator.ts";
import { findFirmware } from "./firmware.ts";
import { type Accelerator, type MachinePlan, qemuArgv } from "./qemu-argv.ts";
import { openQmp, type Qmp } from "./qmp.ts";
import { type SerialState, watchSerial } from "./serial.ts";

export interface MachineOptions
  extends Pick<
    MachinePlan,
    | "memoryBytes"
    | "cpus"
    | "forwards"
    | "link"
    | "ignition"
    | "rootKey"
    | "ec2"
    | "serialLog"
    | "console"
    | "throwaway"
  > {
  /** qcow2 image that takes all writes; made when it is not there. */
  readonly overlay: string;
  /** The artefact; only ever read. */
  readonly disk: string;
  /** Size of the disk that the machine sees, when it is to be larger than the artefact. */
  readonly diskBytes?: number;
  /** Found by {@link probeAccelerator} when not given. */
  readonly accelerator?: Accelerator;
  readonly onSerial?: (text: string) => void;
  /** A kernel that panics is left to itself: it starts again, as its argument `panic` says. */
  readonly leavePanics?: boolean;
}

export interface Machine {
  readonly accelerator: Accelerator;
  /** Port on this machine's loopback address of each guest port that is forwarded. */
  readonly ports: ReadonlyMap<number, number>;
  readonly serial: SerialState;
  /** Rejects with `boot-failed` as soon as the machine cannot go on; resolves when it has powered off. */
  readonly exited: Promise<void>;
  /** Presses the power button and waits; ends QEMU when that takes longer than `ms`. */
  readonly powerDown: (ms: number) => Promise<void>;
  readonly kill: () => Promise<void>;
}

/** Checks that this machine has what it takes to run another one, and to talk to it. */
export async function needMachineTools(context: Context): Promise<void> {
  for (const tool of ["qemu-system-x86_64", "qemu-img", "ssh", "ssh-keygen"]) needTool(context, tool);
  await findFirmware();
}

/** How often an emulated machine may panic and be reset before that counts. */
const maxPanics = 3;

/**
 * Starts a machine on an overlay of a disk image (an overlay that is there already is used again). It dies with igneous.
 * Emulated CPUs now and then panic in the first seconds (threads of QEMU race with the kernel's patching of its own code):
 * then the machine is reset, at most three times, each with a warning.
 */
export async function bootMachine(context: Context, options: MachineOptions): Promise<Machine> {
  const accelerator = options.accelerator ?? (await probeAccelerator(context)).accelerator;
  const firmware = await prepare(context, options);
  await removeTree(options.serialLog);
  const plan: MachinePlan = { ...options, accelerator, firmware };
  const qemu = start(context, qemuArgv(plan));
  let reject: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_, no) => {
    reject = no;
  });
  broken.catch(() => undefined);
  const qmp = openQmp(qemu.stdout, qemu.stdin, () => undefined);
  const serial = watchSerial((count) => {
    if (options.leavePanics === true) return;
    if (accelerator === "kvm" || count > maxPanics) {
      reject(bootFailed(`the kernel of the machine panicked; see ${options.serialLog}`));
      return;
    }
    context.emit({
      type: "warning",
      message: `the emulated machine's kernel panicked (${count} of at most ${maxPanics}); reset`,
    });
    qmp.command("system_reset").catch(() => undefined);
  });
  const stop = followFile(
    options.serialLog,
    (text) => {
      serial.add(text);
      options.onSerial?.(text);
    },
    options.console === undefined ? 250 : 40,
  );
  const ended = qemu.done.then(
    () => undefined,
    (error: unknown) => {
      throw bootFailed(`QEMU ended: ${error instanceof Error ? error.message : String(error)}`, error);
    },
  );
  const exited = Promise.race([ended, broken]).finally(stop);
  exited.catch(() => undefined);
  const kill = async (): Promise<void> => {
    stop();
    qemu.kill();
    await qemu.done.catch(() => undefined);
  };
  try {
    const ports = await Promise.race([forwardedPorts(qmp), exited.then(() => new Map<number, number>())]);
    return {
      accelerator,
      ports,
      serial,
      exited,
      kill,
      powerDown: (ms) => powerDown(context, qmp, exited, kill, ms),
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** The overlay and a copy of the firmware's variables, unless they are there from an earlier start. */
async function prepare(context: Context, options: MachineOptions): Promise<MachinePlan["firmware"]> {
  const firmware = await findFirmware();
  const variables = `${options.overlay}.vars`;
  if ((await sizeOf(options.overlay)) === undefined) {
    const size = options.diskBytes === undefined ? [] : [String(options.diskBytes)];
    await run(context, [
      "qemu-img",
      "create",
      "-qfqcow2",
      "-Fraw",
      `-b${options.disk}`,
      options.overlay,
      ...size,
    ]);
    await removeTree(variables);
  }
  if ((await sizeOf(variables)) === undefined) await copyTo(firmware.variables, variables);
  return { code: firmware.code, variables };
}

/** Asks QEMU which ports it chose. */
async function forwardedPorts(qmp: Qmp): Promise<ReadonlyMap<number, number>> {
  const text = String(await qmp.command("human-monitor-command", { "command-line": "info usernet" }));
  return parseForwards(text);
}

/** Reads `info usernet`: guest port → host port. */
export function parseForwards(text: string): ReadonlyMap<number, number> {
  const found = text.matchAll(/TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s+\S+\s+(\d+)/gu);
  return new Map(Array.from(found, (match) => [Number(match[2]), Number(match[1])]));
}

async function powerDown(
  context: Context,
  qmp: Qmp,
  exited: Promise<void>,
  kill: () => Promise<void>,
  ms: number,
): Promise<void> {
  await qmp.command("system_powerdown").catch(() => undefined);
  // The wait must not outlive the machine: it would keep igneous from ending.
  const off = new AbortController();
  const limit = sleep(ms, AbortSignal.any([context.signal, off.signal])).catch(() => undefined);
  await Promise.race([exited.catch(() => undefined), limit]);
  off.abort();
  await kill();
}

function bootFailed(message: string, cause?: unknown): IgneousError {
  return new IgneousError("boot-failed", message, cause === undefined ? {} : { cause });
}
