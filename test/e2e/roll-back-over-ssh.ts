import { expect } from "vitest";
import { bootMachine, machinesOf, until } from "./booted-machine.ts";

interface Builds {
  /** Id of the build that is booted, and its host commit. */
  readonly build: string;
  readonly commit: string;
  /** Host commit of the build that it carries. */
  readonly predecessor: string;
}

/**
 * What a person does with a build: boots it, types at its console, rolls it back over ssh with a reboot, finds that there is
 * nothing more to go back to when the other deployment is gone, and powers it off by the escape key.
 */
export async function rollBackOverSsh(project: string, builds: Builds): Promise<void> {
  const { build, commit, predecessor } = builds;
  const machine = await bootMachine(project, build);
  try {
    machine.ssh("systemctl is-system-running --wait || true");
    expect(booted(machine.ssh("ostree admin status"))).toBe(commit);

    // Ctrl-C is a key like any other.
    machine.type("\r\u0003\rtouch /run/typed-at-the-console\r");
    await until(machine.ended, () => (machine.ssh("ls /run").includes("typed-at-the-console") ? true : null));

    const back = await machine.rollback("--reboot", "--json");
    expect(back.exit, back.stderr).toBe(0);
    const { before, after } = JSON.parse(back.stdout);
    expect([before.booted.commit, after.booted.commit]).toEqual([commit, predecessor]);
    const status = machine.ssh("ostree admin status");
    expect(booted(status)).toBe(predecessor);
    expect(status).toContain(commit);

    machine.ssh("ostree admin undeploy 1");
    const refused = await machine.rollback();
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain(
      "there is nothing to go back to: no older deployment is on this machine",
    );
    expect(booted(machine.ssh("ostree admin status"))).toBe(predecessor);

    expect(machinesOf(project)).toBe(1);
    machine.type("\u001d");
    expect(await machine.ended).toBe(0);
    expect(machine.shown()).toContain("powering off");
  } finally {
    machine.process.kill("SIGKILL");
    await machine.ended;
  }
  await until(new Promise(() => undefined), () => (machinesOf(project) === 0 ? true : null));
}

/** The commit that OSTree marks as the booted one. */
function booted(status: string): string | undefined {
  return /^\* igneous ([0-9a-f]{64})\.\d+/mu.exec(status)?.[1];
}
