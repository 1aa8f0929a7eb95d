import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { findBytes } from "../core/units.ts";
import { makeKey } from "../disk/guest.ts";
import { bootMachine, type Machine, needMachineTools } from "../disk/machine.ts";
import { readText, sizeOf } from "../host/files.ts";
import { ensureFolder, makeFolder, removeTree } from "../host/folders.ts";
import { connectWriter, type SocketWriter } from "../host/socket.ts";
import { readLock } from "../lock/file.ts";
import { buildFolder } from "./build-folder.ts";
import { findBuild } from "./build-id.ts";
import { splitKeys } from "./console-keys.ts";
import { loadProject } from "./project.ts";

export interface BootOptions {
  /** Prefix of a build id; the newest build when not given. */
  readonly build: string | undefined;
  readonly out: string | undefined;
  /** Forget what earlier boots wrote. */
  readonly fresh: boolean;
  readonly forwards: readonly number[];
  readonly onSerial: (text: string) => void;
  /** Takes the keys of a terminal for the machine's console; undefined where there is none. */
  readonly takeKeys?: ((onKeys: (bytes: Uint8Array) => void) => () => void) | undefined;
}

export interface BootResult {
  readonly build: string;
  readonly overlay: string;
  readonly serialLog: string;
}

const growTo = 16 * 2 ** 30;
const powerDownMs = 300_000;

/** Boots a build on an overlay that keeps its data between boots, until it powers off or the user stops it. */
export async function bootBuild(
  context: Context,
  project: string,
  options: BootOptions,
): Promise<BootResult> {
  const { loaded } = await loadProject(project);
  const build = findBuild(await readLock(project), options.build);
  const folder = buildFolder(project, build.id, options.out);
  if ((await sizeOf(folder.disk)) === undefined) {
    throw new IgneousError(
      "file-not-found",
      `the disk of build ${shortDigest(build.id)} is not at ${folder.disk}`,
      {
        hint: "run: igneous bake",
      },
    );
  }
  await needMachineTools(context);
  const machineFolder = join(folder.path, "machine");
  if (options.fresh) await removeTree(machineFolder);
  await ensureFolder(machineFolder);
  const key = join(machineFolder, "key");
  if ((await sizeOf(key)) === undefined) await makeKey(context, machineFolder);
  const { memory, cpus } = loaded.spec.bootTest;
  // Ctrl-C presses the power button: what the machine wrote must not be lost with it.
  const patient = { ...context, signal: new AbortController().signal };
  const overlay = join(machineFolder, "overlay.qcow2");
  const serialLog = join(machineFolder, "serial.log");
  // Not below the project: the path of a socket may have 107 characters only.
  const consoleFolder = await makeFolder(context.env["TMPDIR"] ?? "/tmp", "igneous-console-");
  const socket = join(consoleFolder, "s");
  try {
    const machine = await bootMachine(patient, {
      overlay,
      disk: folder.disk,
      diskBytes: Math.max(growTo, build.disk?.size ?? 0),
      memoryBytes: findBytes(memory) ?? 2 ** 31,
      cpus,
      forwards: options.forwards.map((guest) => ({ host: 0, guest })),
      ignition: folder.launch,
      rootKey: (await readText(`${key}.pub`)).trim(),
      serialLog,
      ...(options.takeKeys === undefined ? {} : { console: socket }),
      onSerial: options.onSerial,
    });
    tellHow(context, machine, key, options);
    await untilPoweredOff(context, machine, options.takeKeys, () => connectWriter(patient, socket));
  } finally {
    await removeTree(consoleFolder);
  }
  context.signal.throwIfAborted();
  return { build: shortDigest(build.id), overlay, serialLog };
}

function tellHow(context: Context, machine: Machine, key: string, options: BootOptions): void {
  const note = (message: string): void => context.emit({ type: "note", message });
  const port = (guest: number): number | undefined => machine.ports.get(guest);
  note(
    `log in: ssh -p ${port(22)} -i ${key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1`,
  );
  for (const guest of options.forwards.filter((each) => each !== 22))
    note(`port ${guest} of the machine is 127.0.0.1:${port(guest)}`);
  const how =
    options.takeKeys === undefined
      ? "Ctrl-C powers it off"
      : "the keys go to its console, Ctrl-C too; Ctrl-] powers it off";
  note(`${machine.accelerator === "kvm" ? "KVM" : "emulated CPUs (slow)"}; ${how}`);
}

/** Returns when the machine is off: by its own doing, by the escape key at the console (twice: at once), or by a signal. */
async function untilPoweredOff(
  context: Context,
  machine: Machine,
  takeKeys: BootOptions["takeKeys"],
  connect: () => Promise<SocketWriter>,
): Promise<void> {
  let pressed = 0;
  const stop = (): void => {
    pressed++;
    void (pressed === 1 ? machine.powerDown(powerDownMs) : machine.kill());
    const again = takeKeys === undefined ? "" : "; Ctrl-] again ends it at once";
    if (pressed === 1) context.emit({ type: "note", message: `powering off${again}` });
  };
  context.signal.addEventListener("abort", stop, { once: true });
  if (context.signal.aborted) stop();
  const writer = takeKeys === undefined ? undefined : await connect();
  const release = writer === undefined ? undefined : takeKeys?.(splitKeys(writer.write, stop));
  try {
    await machine.exited.catch((error: unknown) => {
      // QEMU that we ended ourselves did not fail.
      if (pressed < 2) throw error;
    });
  } finally {
    release?.();
    writer?.close();
    context.signal.removeEventListener("abort", stop);
    await machine.kill();
  }
}
