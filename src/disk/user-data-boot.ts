import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { sleep } from "../host/clock.ts";
import { readText } from "../host/files.ts";
import { makeFolder } from "../host/folders.ts";
import type { BootCheckInput } from "./boot-check.ts";
import { unlessBroken } from "./boot-pass.ts";
import { type CheckResult, shorten } from "./boot-report.ts";
import { type LongForm, longConfig } from "./ec2-config.ts";
import { surroundEc2 } from "./ec2-surroundings.ts";
import { bootMachine, type Machine } from "./machine.ts";
import { limitMs } from "./serial.ts";

/** Seconds on hardware until Ignition has done its work; the kernel and the firmware are in it. */
const ignitionSeconds = 90;
const pauseMs = 500;

/**
 * Boots a disk once more the EC2 way, with a configuration so long that its user data takes another form, until Ignition
 * in the initramfs has written all of it; then the machine is switched off.
 */
export async function checkUserDataForm(
  context: Context,
  input: BootCheckInput & Required<Pick<BootCheckInput, "userData">>,
  parent: string,
  form: LongForm,
): Promise<{ readonly check: CheckResult; readonly panics: number }> {
  const folder = await makeFolder(parent, `${form}-`);
  const started = performance.now();
  const userData = input.userData(longConfig(await readText(input.ignition), form));
  const around = await surroundEc2(context, folder, userData);
  const { ignition: _fileOfQemu, ...machineInput } = input;
  try {
    const machine = await bootMachine(context, {
      ...machineInput,
      ec2: around.ec2,
      overlay: join(folder, "overlay.qcow2"),
      serialLog: join(input.folder, `serial-ec2-${form}.log`),
      forwards: [],
      throwaway: true,
    });
    try {
      const done = await unlessBroken(machine, ignitionEnded(context, machine));
      const asked = around.asked();
      const stored = userData.object;
      const fetched = stored === undefined || asked.some((line) => isGetOf(line, stored.key));
      const passed = done && fetched;
      const console = machine.serial.tail().trimEnd().split("\n").slice(-20);
      const evidence = shorten([...asked, ...(passed ? [] : console)].join("\n"));
      const wanted = passed ? {} : { wanted: `Ignition to finish with its config ${meaning[form]}` };
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      const check = { boot: "ec2" as const, name: `user-data-${form}`, passed, seconds, evidence, ...wanted };
      return { check, panics: machine.serial.panics() };
    } finally {
      await machine.kill();
    }
  } finally {
    await around.close();
  }
}

const meaning: Readonly<Record<LongForm, string>> = {
  gzip: "packed inside its user data",
  s3: "from S3, where its user data points to",
};

function isGetOf(line: string, key: string): boolean {
  return line.startsWith("GET ") && line.includes(`/${key}`) && line.endsWith(" 200");
}

async function ignitionEnded(context: Context, machine: Machine): Promise<boolean> {
  const started = performance.now();
  while (performance.now() - started < limitMs(machine.serial, ignitionSeconds)) {
    const text = machine.serial.tail();
    if (/Reached target.*ignition-complete\.target|Ignition finished successfully/u.test(text)) return true;
    if (/emergency\.target|Entering emergency mode/u.test(text)) return false;
    await sleep(pauseMs, context.signal);
  }
  return false;
}
