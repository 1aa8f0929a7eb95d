import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { shortDigest } from "../core/digest.ts";
import { IgneousError } from "../core/errors.ts";
import { findBytes } from "../core/units.ts";
import { makeKey } from "../disk/guest.ts";
import { bootMachine } from "../disk/machine.ts";
import { readText, sizeOf } from "../host/files.ts";
import { ensureFolder, removeTree } from "../host/folders.ts";
import { readLock } from "../lock/file.ts";
import { buildFolder } from "./build-folder.ts";
import { findBuild } from "./build-id.ts";
import { loadProject } from "./project.ts";

export interface BootOptions {
  /** Prefix of a build id; the newest build when not given. */
  readonly build: string | undefined;
  readonly out: string | undefined;
  /** Forget what earlier boots wrote. */
  readonly fresh: boolean;
  readonly forwards: readonly number[];
  readonly onSerial: (text: string) => void;
}

export interface BootResult {
  readonly build: string;
  readonly overlay: string;
  readonly serialLog: string;
}

const growTo = 16 * 2 ** 30;
const powerDownMs = 120_000;

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
    onSerial: options.onSerial,
  });
  const port = (guest: number): number | undefined => machine.ports.get(guest);
  context.emit({
    type: "note",
    message: `log in: ssh -p ${port(22)} -i ${key} -o StrictHostKeyChecking=no root@127.0.0.1`,
  });
  for (const guest of options.forwards.filter((each) => each !== 22)) {
    context.emit({ type: "note", message: `port ${guest} of the machine is 127.0.0.1:${port(guest)}` });
  }
  context.emit({
    type: "note",
    message: `${machine.accelerator === "kvm" ? "KVM" : "emulated CPUs (slow)"}; Ctrl-C powers it off`,
  });
  const stop = (): void => void machine.powerDown(powerDownMs);
  context.signal.addEventListener("abort", stop, { once: true });
  await machine.exited;
  context.signal.throwIfAborted();
  return { build: shortDigest(build.id), overlay, serialLog };
}
