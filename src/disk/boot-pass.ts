import type { Context } from "../core/context.ts";
import { IgneousError } from "../core/errors.ts";
import { sleep } from "../host/clock.ts";
import {
  type BootName,
  type BootSummary,
  type Check,
  type CheckResult,
  findMismatch,
  type StateCheck,
  shorten,
} from "./boot-report.ts";
import { connectGuest, type Guest } from "./guest.ts";
import {
  type ExpectedDeployment,
  failedUnits,
  hostChecks,
  identityScript,
  writeMarker,
} from "./host-checks.ts";
import type { Machine } from "./machine.ts";
import { limitMs } from "./serial.ts";

interface PassInput {
  readonly boot: BootName;
  readonly key: string;
  readonly deployment: ExpectedDeployment & { readonly checks: readonly Check[] };
  readonly state: readonly StateCheck[];
  /** What the first boot said of the machine's identity. */
  readonly identity: string | undefined;
  /** The boot that comes next, when all is well. */
  readonly following?: BootName;
}

interface Pass {
  readonly summary: BootSummary;
  readonly checks: readonly CheckResult[];
  readonly identity: string;
}

/** Seconds on hardware; each is multiplied with the machine's slowness. */
const limits = { firmware: 30, login: 120, running: 240, check: 60, answer: 30, reboot: 30 } as const;
const pauseMs = 2000;

/** Follows one boot from its start to the end of its checks; starts the next one when all of them passed. */
export async function checkOneBoot(context: Context, machine: Machine, input: PassInput): Promise<Pass> {
  const started = performance.now();
  const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
  const port = machine.ports.get(22) ?? 0;
  const address = { user: "root", host: "127.0.0.1", port, key: input.key, anyHostKey: true };
  const guest = await unlessBroken(
    machine,
    connectGuest(context, address, limitMs(machine.serial, limits.firmware + limits.login)),
  );
  const checks: CheckResult[] = [];
  const ask = (check: Check, limit: number): Promise<CheckResult> =>
    unlessBroken(
      machine,
      checkUntil(context, guest, input.boot, check, {
        limitMs: limitMs(machine.serial, limit),
        waitMs: limitMs(machine.serial, check.wait ?? 0),
      }),
    );
  try {
    const login = seconds();
    checks.push(
      await unlessBroken(machine, checkRunning(guest, input.boot, limitMs(machine.serial, limits.running))),
    );
    const running = seconds();
    for (const check of hostChecks(input.boot, input.deployment))
      checks.push(await ask(check, limits.answer));
    for (const check of input.deployment.checks) checks.push(await ask(check, limits.check));
    const identity = await checkState(guest, machine, input, ask, checks);
    const summary = { boot: input.boot, commit: input.deployment.commit, login, running };
    if (input.following !== undefined && checks.every(({ passed }) => passed)) {
      if (input.following === "rollback") {
        checks.push(
          await ask({ name: "igneous-host-rollback", command: "igneous-host rollback" }, limits.answer),
        );
      }
      await restart(context, machine, guest);
    }
    return { summary, checks, identity };
  } finally {
    await guest.close();
  }
}

type Ask = (check: Check, limit: number) => Promise<CheckResult>;

/** First boot: leaves marks. Later boots: finds them, and the same identity. */
async function checkState(
  guest: Guest,
  machine: Machine,
  input: PassInput,
  ask: Ask,
  checks: CheckResult[],
): Promise<string> {
  const ms = limitMs(machine.serial, limits.answer);
  if (input.boot === "first" || input.boot === "ec2") {
    await guest.run(writeMarker, ms);
    for (const { name, write } of input.state)
      checks.push(await ask({ name: `${name}-written`, command: write }, limits.check));
  } else {
    for (const { name, read } of input.state) checks.push(await ask({ ...read, name }, limits.check));
  }
  const identity = (await guest.run(identityScript, ms)).stdout.trim();
  if (input.identity !== undefined) {
    const passed = identity === input.identity;
    const evidence = shorten(identity);
    const wanted = passed ? {} : { wanted: `the identity of the first boot:\n${input.identity}` };
    checks.push({ boot: input.boot, name: "same-machine", passed, seconds: 0, evidence, ...wanted });
  }
  return identity;
}

/** Waits for systemd to have started everything; when units failed, says which and their last lines. */
async function checkRunning(guest: Guest, boot: BootName, ms: number): Promise<CheckResult> {
  const started = performance.now();
  const { stdout } = await guest.run("systemctl is-system-running --wait", ms);
  const state = stdout.trim();
  const seconds = secondsSince(started);
  if (state === "running") return { boot, name: "running", passed: true, seconds, evidence: state };
  const jobs = "systemctl list-jobs --no-legend --plain";
  const { stdout: why } = await guest.run(`${failedUnits}\n${jobs}`, ms);
  const evidence = shorten(`${state === "" ? "still starting" : state}\n${why}`);
  return { boot, name: "running", passed: false, seconds, evidence, wanted: "systemd says running" };
}

/**
 * Asks once, or, for a check that waits, until the answer is right or its time is over: some services need a while to serve
 * after they have started.
 */
export async function checkUntil(
  context: Context,
  guest: Pick<Guest, "run">,
  boot: BootName,
  check: Check,
  time: { readonly limitMs: number; readonly waitMs: number },
): Promise<CheckResult> {
  const started = performance.now();
  for (;;) {
    const { exit, stdout, stderr } = await guest.run(check.command, time.limitMs);
    const output = `${stdout}${stderr}`;
    const wanted = findMismatch(check, exit, output);
    const result = { boot, name: check.name, seconds: secondsSince(started), evidence: shorten(output) };
    if (wanted === undefined) return { ...result, passed: true };
    if (performance.now() - started + pauseMs >= time.waitMs) return { ...result, passed: false, wanted };
    await sleep(pauseMs, context.signal);
  }
}

/** Reboots and returns when the machine no longer answers, so that the next login is one to the next boot. */
async function restart(context: Context, machine: Machine, guest: Guest): Promise<void> {
  await guest.run("sync; systemctl reboot", limitMs(machine.serial, limits.answer));
  const deadline = performance.now() + limitMs(machine.serial, limits.reboot);
  while (performance.now() < deadline) {
    const { exit } = await guest.run("true", limitMs(machine.serial, limits.answer));
    if (exit !== 0) return;
    await sleep(pauseMs, context.signal);
  }
}

/** Rejects as soon as the machine cannot go on. */
export async function unlessBroken<T>(machine: Machine, work: Promise<T>): Promise<T> {
  const broken = machine.exited.then(() => {
    throw new IgneousError(
      "boot-failed",
      "the machine powered off in the middle of its check, or its QEMU was ended",
      {
        hint: "run the same command again",
      },
    );
  });
  return Promise.race([work, broken]);
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 100) / 10;
}
