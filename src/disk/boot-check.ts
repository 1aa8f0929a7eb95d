import { join } from "node:path";
import type { Context } from "../core/context.ts";
import { prettyJson } from "../core/json.ts";
import { runStep } from "../core/step.ts";
import { readText, writeAtomic } from "../host/files.ts";
import { listFiles, makeFolder, removeTree } from "../host/folders.ts";
import { checkOneBoot } from "./boot-pass.ts";
import type { BootName, BootReport, BootSummary, Check, CheckResult, StateCheck } from "./boot-report.ts";
import { makeKey } from "./guest.ts";
import type { ExpectedDeployment } from "./host-checks.ts";
import { checkEc2Boot } from "./ec2-boot.ts";
import { formOf, longForms } from "./ec2-config.ts";
import type { LaunchUserData } from "./ec2-surroundings.ts";
import { bootMachine, type Machine, type MachineOptions } from "./machine.ts";
import { checkUserDataForm } from "./user-data-boot.ts";

export interface Deployment extends ExpectedDeployment {
  readonly checks: readonly Check[];
}

export interface BootCheckInput
  extends Pick<MachineOptions, "disk" | "diskBytes" | "memoryBytes" | "cpus" | "accelerator"> {
  /** File with the Ignition configuration of the first boot, used as it is. */
  readonly ignition: string;
  readonly host: Deployment;
  /** What the disk has as rollback deployment; when given, the machine is rolled back to it. */
  readonly predecessor?: Deployment;
  readonly state?: readonly StateCheck[];
  /**
   * For a disk that will become an AMI: makes user data of a launch configuration. When given, the disk is also booted on
   * a machine that looks like an EC2 instance.
   */
  readonly userData?: (config: string) => LaunchUserData;
  /** Gets `report.json` and `serial.log`; the overlay lies here while the check runs. */
  readonly folder: string;
}

/**
 * Boots a disk and checks what it became: first boot with Ignition, a reboot that keeps the state, with a predecessor the
 * way back, and for EC2 a first boot the EC2 way. The disk itself is never written. A failed check ends the check after its
 * boot; the report says what was seen. Rejects only when the machine could not be asked.
 */
export async function checkBoot(context: Context, input: BootCheckInput): Promise<BootReport> {
  const folder = await makeFolder(input.folder, machinePrefix);
  try {
    const report = await checkMachine(context, input, folder);
    const whole = report.passed ? await addEc2Boot(context, input, folder, report) : report;
    await writeAtomic(join(input.folder, "report.json"), prettyJson(whole));
    return whole;
  } finally {
    await removeTree(folder);
  }
}

const machinePrefix = ".boot-";

/** Removes the overlays of checks that were killed; nobody else may be checking in this folder. */
export async function removeStaleMachines(folder: string): Promise<void> {
  for (const name of await listFiles(folder))
    if (name.startsWith(machinePrefix)) await removeTree(join(folder, name));
}

/** Boots a disk that passed its check before the EC2 way too, and adds what is seen to its report. */
export async function checkAlsoOnEc2(
  context: Context,
  input: BootCheckInput,
  report: BootReport,
): Promise<BootReport> {
  const folder = await makeFolder(input.folder, machinePrefix);
  try {
    const whole = await addEc2Boot(context, input, folder, report);
    await writeAtomic(join(input.folder, "report.json"), prettyJson(whole));
    return whole;
  } finally {
    await removeTree(folder);
  }
}

async function addEc2Boot(
  context: Context,
  input: BootCheckInput,
  folder: string,
  report: BootReport,
): Promise<BootReport> {
  const { userData } = input;
  if (userData === undefined) return report;
  const ec2Input = { ...input, userData };
  const { summary, checks, panics } = await runStep(
    context,
    "boot check: ec2",
    "EC2 boot, checked",
    async () => {
      const value = await checkEc2Boot(context, ec2Input, await makeFolder(folder, "ec2-"));
      return { value, note: countChecks(value.checks) };
    },
  );
  const seen: { readonly check: CheckResult; readonly panics: number }[] = [];
  const known = formOf(userData(await readText(input.ignition)));
  for (const form of checks.every(({ passed }) => passed) ? longForms : []) {
    if (form === known) continue;
    const title = `user data by ${form}, read by Ignition`;
    seen.push(
      await runStep(context, `boot check: user data ${form}`, title, async () => {
        const value = await checkUserDataForm(context, ec2Input, folder, form);
        return { value, note: value.check.passed ? "as wanted" : "failed" };
      }),
    );
  }
  const all = [...checks, ...seen.map(({ check }) => check)];
  return {
    ...report,
    passed: report.passed && all.every(({ passed }) => passed),
    panics: seen.reduce((sum, each) => sum + each.panics, report.panics + panics),
    boots: [...report.boots, summary],
    checks: [...report.checks, ...all],
  };
}

async function checkMachine(context: Context, input: BootCheckInput, folder: string): Promise<BootReport> {
  const key = await makeKey(context, folder);
  const machine = await bootMachine(context, {
    ...input,
    overlay: join(folder, "overlay.qcow2"),
    serialLog: join(input.folder, "serial.log"),
    rootKey: (await readText(`${key}.pub`)).trim(),
    forwards: [{ host: 0, guest: 22 }],
    throwaway: true,
  });
  try {
    return await checkAll(context, machine, key, input);
  } finally {
    await machine.kill();
  }
}

async function checkAll(
  context: Context,
  machine: Machine,
  key: string,
  input: BootCheckInput,
): Promise<BootReport> {
  const boots: BootSummary[] = [];
  const checks: CheckResult[] = [];
  const passes: readonly (readonly [BootName, Deployment, string])[] = [
    ["first", input.host, "check the first boot"],
    ["second", input.host, "check the second boot"],
    ...(input.predecessor === undefined
      ? []
      : [["rollback", input.predecessor, "check the rollback"] as const]),
  ];
  let identity: string | undefined;
  for (const [index, [boot, deployment, title]] of passes.entries()) {
    const following = passes[index + 1]?.[0];
    const pass = await runStep(context, `boot check: ${boot}`, title, async () => {
      const value = await checkOneBoot(context, machine, {
        boot,
        key,
        deployment,
        state: input.state ?? [],
        identity,
        ...(following === undefined ? {} : { following }),
      });
      return { value, note: countChecks(value.checks) };
    });
    boots.push(pass.summary);
    checks.push(...pass.checks);
    identity ??= pass.identity;
    if (pass.checks.some(({ passed }) => !passed)) break;
  }
  return {
    schemaVersion: 1,
    passed: checks.every(({ passed }) => passed) && boots.length === passes.length,
    accelerator: machine.accelerator,
    slowness: machine.serial.slowness() ?? 1,
    panics: machine.serial.panics(),
    boots,
    checks,
  };
}

function countChecks(checks: readonly CheckResult[]): string {
  const failed = checks.filter(({ passed }) => !passed).length;
  return `${checks.length} checks${failed === 0 ? "" : `, ${failed} failed`}`;
}
